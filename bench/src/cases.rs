//! The routes that are measured, each with the DynamoDB calls that a bare function makes in its place.

use serde_json::{Value, json};

use crate::world::{World, customer, sign_in};

/// A route.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) function: &'static str,
    pub(crate) event: Value,
    /// The stages of its calls; none where the password's hash outweighs them.
    pub(crate) calls: Option<Value>,
    /// Whether the Python function has it too.
    pub(crate) in_python: bool,
}

fn event(method: &str, path: &str, query: &str, token: &str, body: Option<&Value>) -> Value {
    let mut event = json!({
        "version": "2.0", "routeKey": format!("ANY {path}"), "rawPath": path, "rawQueryString": query,
        "headers": {"content-type": "application/json", "host": "bench"},
        "requestContext": {
            "accountId": "0", "apiId": "bench", "domainName": "bench", "domainPrefix": "bench",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "bench"},
            "requestId": "bench", "routeKey": "$default", "stage": "$default", "time": "24/Nov/2026:08:00:00 +0000",
            "timeEpoch": 1_795_507_200_000_u64,
        },
        "isBase64Encoded": false,
    });
    if !token.is_empty() {
        event["headers"]["authorization"] = json!(format!("Bearer {token}"));
    }
    if let Some(body) = body {
        event["body"] = json!(body.to_string());
    }
    event
}

fn get(partition: &str, sort: &str) -> Value {
    json!({"op": "get", "pk": partition, "sk": sort})
}

fn query(partition: &str, prefix: &str) -> Value {
    json!({"op": "query", "pk": partition, "prefix": prefix})
}

/// The last item up to a sort key.
fn bucket(partition: &str, up_to: &str) -> Value {
    json!({"op": "last", "pk": partition, "sk": up_to})
}

/// The signature of the token that a route issues.
fn signature() -> Value {
    json!({"op": "sign"})
}

fn organization(world: &World) -> String {
    format!("ORG#{}", world.organization)
}

/// The live role check. A warm process remembers that the organization exists, or reads its item for something else.
fn role(world: &World) -> Value {
    json!({
        "op": "batch",
        "keys": [
            {"pk": organization(world), "sk": format!("ADMIN#{}", world.user)},
            {"pk": format!("USER#{}", world.user), "sk": "USER"},
        ],
        "attributes": ["sk", "secret_hash", "access", "session_id", "expires_at"],
        "projection": "#a0, #a1, #a2, #a3, #a4",
    })
}

fn case(name: &'static str, function: &'static str, event: Value, calls: Value) -> Case {
    Case { name, function, event, calls: Some(calls), in_python: false }
}

pub(crate) fn cases(world: &World) -> Vec<Case> {
    let mut cases = of_admins(world);
    cases.extend(of_users(world));
    cases.extend([
        Case {
            calls: None,
            ..case("sign in", "auth", event("POST", "/api/auth/login", "", "", Some(&sign_in())), json!([]))
        },
        Case { calls: None, ..case("sweep the outbox", "mailer", json!({"source": "aws.events"}), json!([])) },
    ]);
    cases
}

fn of_admins(world: &World) -> Vec<Case> {
    let (token, partition) = (world.token.as_str(), organization(world));
    let customers = format!("{partition}#CUSTOMERS#N");
    let by_company = format!("{partition}#CUSTOMERS#C");
    let by_user = format!("{partition}#ASSOC#U");
    let page = json!({"op": "query", "pk": by_user, "prefix": "E#", "limit": 26});
    vec![
        Case {
            in_python: true,
            ..case(
                "view organization",
                "organizations",
                event("GET", "/api/organization", "", token, None),
                json!([[query(&partition, "#"), role(world)]]),
            )
        },
        case(
            "list admins",
            "admins",
            event("GET", "/api/organizations/users/admins", "", token, None),
            json!([[query(&partition, "ADMIN#"), role(world)]]),
        ),
        Case {
            in_python: true,
            ..case(
                "list price tiers",
                "price-tiers",
                event("GET", "/api/organizations/price-tiers", "", token, None),
                json!([[query(&partition, "TIER#"), role(world)]]),
            )
        },
        case(
            "list associations",
            "associations",
            event("GET", "/api/organizations/users/associations", "", token, None),
            json!([[query(&by_user, "B#"), page, role(world)]]),
        ),
        case(
            "view customer",
            "customers",
            event("GET", "/api/customers", "CustomerNumber=C-1", token, None),
            json!([[get(&customers, "E#C-1"), query(&partition, "TIER#"), role(world)]]),
        ),
        case(
            "put customer",
            "customers",
            event("PUT", "/api/customers", "", token, Some(&customer())),
            json!([
                [
                    get(&customers, "E#C-1"),
                    query(&partition, "TIER#"),
                    role(world),
                    bucket(&customers, "B#C-1"),
                    bucket(&by_company, "B#acme retail"),
                ],
                [{"op": "put", "pk": "BENCH", "sks": ["number", "company", "fence"], "checks": 3}],
            ]),
        ),
        case(
            "list credentials",
            "auth",
            event("GET", "/api/organizations/api-access", "", token, None),
            json!([[query(&partition, "CLIENT"), role(world)]]),
        ),
    ]
}

fn of_users(world: &World) -> Vec<Case> {
    let partition = organization(world);
    let account = format!("USER#{}", world.user);
    let machine = format!("CLIENT#{}", world.machine["ClientId"].as_str().unwrap_or_default());
    vec![
        case(
            "enrich",
            "auth",
            event("POST", "/api/auth/access", "", &world.user_token, Some(&json!({"OrgCode": world.code}))),
            json!([
                [query(&format!("MEMBER#{}", world.user), "ORG#"), get(&account, "USER")],
                [
                    get(&partition, "#ORG"),
                    get(&format!("{partition}#CUSTOMERS#N"), "E#C-1"),
                    query(&partition, "TIER#"),
                ],
                [signature()],
            ]),
        ),
        case(
            "sign a machine in",
            "auth",
            event("POST", "/api/auth/login", "", "", Some(&world.machine)),
            json!([[get(&partition, &machine)], [signature()]]),
        ),
        case(
            "view account",
            "accounts",
            event("GET", "/api/users/me", "", &world.user_token, None),
            json!([[get(&account, "USER")]]),
        ),
        case(
            "change phone number",
            "accounts",
            event("PATCH", "/api/users/me", "", &world.user_token, Some(&json!({"PhoneNumber": "+1 555 0100"}))),
            json!([
                [get(&account, "USER")],
                [{"op": "update", "pk": account, "sk": "USER"}],
            ]),
        ),
        case("key set", "auth", event("GET", "/.well-known/jwks.json", "", "", None), json!([])),
        case("health", "organizations", event("GET", "/health", "", "", None), json!([])),
    ]
}
