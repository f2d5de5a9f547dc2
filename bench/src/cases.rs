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
        "headers": {"content-type": "application/json", "host": "bench", "authorization": format!("Bearer {token}")},
        "requestContext": {
            "accountId": "0", "apiId": "bench", "domainName": "bench", "domainPrefix": "bench",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "bench"},
            "requestId": "bench", "routeKey": "$default", "stage": "$default", "time": "24/Nov/2026:08:00:00 +0000",
            "timeEpoch": 1_795_507_200_000_u64,
        },
        "isBase64Encoded": false,
    });
    if let Some(body) = body {
        event["body"] = json!(body.to_string());
    }
    event
}

pub(crate) fn cases(world: &World) -> Vec<Case> {
    let (token, user) = (world.token.as_str(), world.user.as_str());
    let partition = format!("ORG#{}", world.organization);
    let get = |pk: &str, sk: &str| json!({"op": "get", "pk": pk, "sk": sk});
    let query = |pk: &str, prefix: &str| json!({"op": "query", "pk": pk, "prefix": prefix});
    let batch = |keys: &[(&str, &str)]| {
        let keys: Vec<_> = keys.iter().map(|(pk, sk)| json!({"pk": pk, "sk": sk})).collect();
        json!({
            "op": "batch", "keys": keys, "attributes": ["sk", "proven", "secret_hash", "expires_at"],
            "projection": "#a0, #a1, #a2, #a3",
        })
    };
    let admin = format!("ADMIN#{user}");
    let role = || batch(&[(&partition, "#ORG"), (&partition, &admin)]);
    let customers = format!("{partition}#CUSTOMER");
    let by_user = format!("{partition}#ASSOC#U");
    let page = json!({"op": "query", "pk": by_user, "prefix": "E#", "limit": 25});
    let enrich = json!({"OrgCode": world.code});
    let case = |name, function, event, calls| Case { name, function, event, calls, in_python: false };
    vec![
        Case {
            in_python: true,
            ..case(
                "view organization",
                "organizations",
                event("GET", "/api/organization", "", token, None),
                Some(json!([[query(&partition, "#"), get(&partition, &admin)]])),
            )
        },
        case(
            "list admins",
            "admins",
            event("GET", "/api/organizations/users/admins", "", token, None),
            Some(json!([[query(&partition, "ADMIN#"), get(&partition, &admin)]])),
        ),
        Case {
            in_python: true,
            ..case(
                "list price tiers",
                "price-tiers",
                event("GET", "/api/organizations/price-tiers", "", token, None),
                Some(json!([[query(&partition, "TIER#"), role()]])),
            )
        },
        case(
            "list associations",
            "associations",
            event("GET", "/api/organizations/users/associations", "", token, None),
            Some(json!([[query(&by_user, "B#"), role()], [page]])),
        ),
        case(
            "view customer",
            "customers",
            event("GET", "/api/customers", "CustomerNumber=C-1", token, None),
            Some(json!([[get(&customers, "C-1"), query(&partition, "TIER#"), role()]])),
        ),
        case(
            "put customer",
            "customers",
            event("PUT", "/api/customers", "", token, Some(&customer())),
            Some(json!([
                [get(&customers, "C-1"), get(&partition, "TIER#gold"), role()],
                [{"op": "put", "pk": "BENCH", "sk": "C-1"}],
            ])),
        ),
        case(
            "enrich",
            "auth",
            event("POST", "/api/auth/access", "", &world.user_token, Some(&enrich)),
            Some(json!([
                [
                    get(&format!("ORGCODE#{}", world.code), "ORGCODE"),
                    query(&format!("MEMBER#{user}"), "ORG#"),
                    get(&format!("USER#{user}"), "USER"),
                ],
                [get(&customers, "C-1"), query(&partition, "TIER#")],
            ])),
        ),
        case(
            "view account",
            "accounts",
            event("GET", "/api/users/me", "", &world.user_token, None),
            Some(json!([[get(&format!("USER#{user}"), "USER")]])),
        ),
        case("health", "organizations", event("GET", "/health", "", token, None), Some(json!([]))),
        case("sign in", "auth", event("POST", "/api/auth/login", "", token, Some(&sign_in())), None),
        case("sweep the outbox", "mailer", json!({"source": "aws.events"}), None),
    ]
}
