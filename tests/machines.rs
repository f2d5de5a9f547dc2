//! Machine credentials: made, used, listed and revoked; what a machine may do, and what not.

mod enrichment;
mod last_use;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use shared::ids::ClientId;

use crate::support::{Anonymous, Caller, Member, PASSWORD, Tenant, claims_of, tenant};

const API_ACCESS: &str = "/api/organizations/api-access";
const ADMINS: &str = "/api/organizations/users/admins";
const TIERS: &str = "/api/organizations/price-tiers";

/// A machine, by its API key.
#[derive(Clone, Debug)]
struct Key(String);

impl Caller for Key {
    fn sign(&self, request: RequestBuilder) -> RequestBuilder {
        request.header("x-api-key", &self.0)
    }
}

/// A machine credential as its maker saw it.
struct Machine {
    id: String,
    secret: String,
    key: Key,
}

async fn machine(tenant: &Tenant) -> Machine {
    let created = tenant.admin.post(API_ACCESS, &json!({"Name": "Web shop"})).await.ok();
    let text = |name: &str| created[name].as_str().unwrap().to_owned();
    Machine { id: text("ClientId"), secret: text("ClientSecret"), key: Key(text("ApiKey")) }
}

impl Machine {
    async fn signed_in(&self, tenant: &Tenant) -> Member {
        let login = json!({"OrgCode": tenant.code, "ClientId": self.id, "ClientSecret": self.secret});
        let signed_in = Anonymous.post("/api/auth/login", &login).await.ok();
        Member { token: signed_in["AccessToken"].as_str().unwrap().to_owned() }
    }
}

#[tokio::test]
async fn a_credential_is_made_with_a_secret_that_is_shown_once() {
    let tenant = tenant().await;
    let answer = tenant.admin.post(API_ACCESS, &json!({"Name": " Web shop "})).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let created = answer.ok();
    let (id, secret, key) = (&created["ClientId"], &created["ClientSecret"], &created["ApiKey"]);
    assert_eq!(
        created,
        json!({"ClientId": id, "ClientSecret": secret, "ApiKey": key, "Name": "Web shop", "Access": "full"})
    );
    let listed = tenant.admin.get(API_ACCESS).await.ok();
    let created_at = &listed[0]["CreatedAt"];
    assert!(created_at.as_str().unwrap().ends_with('Z'));
    let entry = json!({
        "ClientId": id, "Name": "Web shop", "Access": "full", "CreatedAt": created_at, "CreatedBy": tenant.admin_id,
        "LastUsedAt": null,
    });
    assert_eq!(listed, json!([entry]));
}

#[tokio::test]
async fn a_name_is_needed_and_an_id_to_revoke() {
    let tenant = tenant().await;
    tenant.admin.post(API_ACCESS, &json!({})).await.fields(&json!({"Name": ["is required"]}));
    let long = json!({"Name": "x".repeat(101)});
    tenant.admin.post(API_ACCESS, &long).await.fields(&json!({"Name": ["must have at most 100 characters"]}));
    tenant.admin.delete(API_ACCESS, &json!({})).await.fields(&json!({"ClientId": ["is required"]}));
    for id in ["client_x".to_owned(), ClientId::random().to_string(), "ADMIN#x".to_owned()] {
        let unknown = json!({"ClientId": ["is no machine credential of this organization"]});
        tenant.admin.delete(API_ACCESS, &json!({"ClientId": id})).await.fields(&unknown);
    }
}

#[tokio::test]
async fn a_machine_signs_in_for_a_token_that_says_what_it_is() {
    let tenant = tenant().await;
    let machine = machine(&tenant).await;
    let login = json!({"OrgCode": tenant.code, "ClientId": machine.id, "ClientSecret": machine.secret});
    let answer = Anonymous.post("/api/auth/login", &login).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let signed_in = answer.ok();
    let token = &signed_in["AccessToken"];
    assert_eq!(
        signed_in,
        json!({"AccessToken": token, "TokenUse": "machine", "TokenType": "Bearer", "ExpiresIn": 3600})
    );
    let claims = claims_of(token.as_str().unwrap());
    let identity = json!({
        "token_use": "machine", "sub": machine.id, "OrganizationId": tenant.id, "OrgCode": tenant.code, "Roles": ["admin"],
    });
    for (name, value) in identity.as_object().unwrap() {
        assert_eq!(&claims[name], value, "{name}");
    }
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 3600);
}

#[tokio::test]
async fn whatever_is_wrong_with_a_machines_sign_in_the_answer_is_the_same() {
    let (tenant, other) = (tenant().await, tenant().await);
    let machine = machine(&tenant).await;
    let good = json!({"OrgCode": tenant.code, "ClientId": machine.id, "ClientSecret": machine.secret});
    let wrong = [
        ("OrgCode", json!(other.code)),
        ("OrgCode", json!("org_unknown99")),
        ("OrgCode", json!("?")),
        ("ClientId", json!(ClientId::random())),
        ("ClientId", json!("?")),
        ("ClientSecret", json!(machine.secret.to_uppercase())),
        ("ClientSecret", json!(machine.key.0)),
        ("ClientSecret", json!("")),
    ];
    for (name, value) in wrong {
        let mut login = good.clone();
        login[name] = value;
        let answer = Anonymous.post("/api/auth/login", &login).await;
        answer.problem(401, "The e-mail address or the password is wrong.");
    }
    Anonymous.post("/api/auth/login", &json!({"ClientId": machine.id})).await.fields(&json!({
        "OrgCode": ["is required"], "ClientSecret": ["is required"],
    }));
}

#[tokio::test]
async fn a_key_and_a_token_stand_for_the_admin_role() {
    let tenant = tenant().await;
    let machine = machine(&tenant).await;
    let token = machine.signed_in(&tenant).await;
    let in_key_header = Key(token.token.clone());
    let admins_in_key_header = Key(tenant.admin.token.clone());
    let seen = tenant.admin.get("/api/organization").await.ok();
    assert_eq!(machine.key.get("/api/organization").await.ok(), seen);
    assert_eq!(token.get("/api/organization").await.ok(), seen);
    assert_eq!(in_key_header.get("/api/organization").await.ok(), seen);
    assert_eq!(admins_in_key_header.get("/api/organization").await.ok(), seen);
    assert_eq!(machine.key.get(ADMINS).await.ok(), tenant.admin.get(ADMINS).await.ok());
    for (caller, name) in [(&machine.key, "Gold"), (&in_key_header, "Silver")] {
        let tier = json!({"Name": name, "CurrencyCode": "EUR"});
        assert_eq!(caller.post(TIERS, &tier).await.status, 200);
    }
    let patch = machine.key.request(Method::PATCH, "/api/organization").json(&json!({"BillingCity": "Berlin"}));
    assert_eq!(machine.key.send(patch).await.ok()["Organization"]["BillingCity"], "Berlin");
    let listed = machine.key.get(API_ACCESS).await.ok();
    assert_eq!(listed[0]["ClientId"], json!(machine.id), "a machine may look at the credentials");
}

#[tokio::test]
async fn a_key_costs_no_round_trip_more_than_a_token() {
    let tenant = tenant().await;
    let machine = machine(&tenant).await;
    let token = machine.signed_in(&tenant).await;
    // The first use in a minute is recorded, which costs a write.
    machine.key.get(TIERS).await;
    for path in ["/api/organization", ADMINS, TIERS, API_ACCESS, "/api/organizations/users/associations"] {
        let (by_key, by_token) = (machine.key.get(path).await, token.get(path).await);
        assert_eq!((by_key.status, by_key.round_trips()), (200, by_token.round_trips()), "{path}");
    }
    for (number, name) in ["Gold", "Silver"].into_iter().enumerate() {
        let tier = json!({"Name": name, "CurrencyCode": "EUR"});
        let answer = if number == 0 { machine.key.post(TIERS, &tier).await } else { token.post(TIERS, &tier).await };
        assert_eq!((answer.status, answer.round_trips()), (200, 1));
    }
}

#[tokio::test]
async fn a_made_up_key_is_401_on_every_kind_of_route() {
    let tenant = tenant().await;
    let machine = machine(&tenant).await;
    let Key(key) = &machine.key;
    let last = if key.ends_with('0') { '1' } else { '0' };
    let other_secret = format!("{}{last}", &key[..key.len() - 1]);
    let other_organization = key.replacen(&tenant.id, &"0".repeat(24), 1);
    for key in [other_secret, other_organization].map(Key) {
        let answers = [
            key.get("/api/organization").await,
            key.get(ADMINS).await,
            key.get(TIERS).await,
            key.get("/api/customers/C-1").await,
            key.get("/api/organizations/users/associations").await,
            key.post(TIERS, &json!({"Name": "Gold", "CurrencyCode": "EUR"})).await,
            key.post(TIERS, &json!({})).await,
            key.post(ADMINS, &json!({"Email": "a@b.example"})).await,
            key.post("/api/auth/access", &json!({"OrgCode": tenant.code, "UserId": tenant.admin_id})).await,
            key.post("/api/auth/access", &json!({"OrgCode": "org_unknown99", "UserId": tenant.admin_id})).await,
            key.post("/api/auth/access", &json!({})).await,
            key.raw(Method::POST, "/api/auth/access", None, "{").await,
        ];
        for answer in answers {
            answer.problem(401, "The API key is not valid.");
            assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""));
        }
    }
    for garbage in ["", "orgkey_", "x.y.z"] {
        assert_eq!(Key(garbage.to_owned()).get("/api/organization").await.status, 401);
    }
    assert_eq!(tenant.admin.get(TIERS).await.ok(), json!([]), "and nothing was changed");
}

#[tokio::test]
async fn a_bearer_token_wins_over_a_key_also_when_it_is_invalid() {
    let (tenant, other) = (tenant().await, tenant().await);
    let machine = machine(&tenant).await;
    let both = |token: &str| {
        Anonymous.request(Method::GET, "/api/organization").bearer_auth(token).header("x-api-key", &machine.key.0)
    };
    let seen = Anonymous.send(both(&other.admin.token)).await.ok();
    assert_eq!(seen["Organization"]["OrganizationId"], other.id.as_str());
    assert_eq!(Anonymous.send(both("nonsense")).await.status, 401);
    let basic = Anonymous.request(Method::GET, "/api/organization").basic_auth("a", Some("b"));
    let seen = Anonymous.send(basic.header("x-api-key", &machine.key.0)).await.ok();
    assert_eq!(seen["Organization"]["OrganizationId"], tenant.id.as_str(), "another scheme is no token");
}

#[tokio::test]
async fn a_machine_may_neither_make_nor_remove_credentials_or_admins() {
    let tenant = tenant().await;
    let machine = machine(&tenant).await;
    let token = machine.signed_in(&tenant).await;
    let (_, grace) = tenant.second_admin().await;
    let calls = [
        (Method::POST, API_ACCESS, json!({"Name": "Another"})),
        (Method::POST, API_ACCESS, json!({})),
        (Method::DELETE, API_ACCESS, json!({"ClientId": machine.id})),
        (Method::POST, ADMINS, json!({"Email": grace.email})),
        (Method::DELETE, ADMINS, json!({"UserId": grace.id})),
    ];
    for (method, path, body) in calls {
        let by_key = machine.key.send(machine.key.request(method.clone(), path).json(&body)).await;
        by_key.problem(403, "A machine may not do this.");
        token.send(token.request(method, path).json(&body)).await.problem(403, "A machine may not do this.");
    }
    assert_eq!(tenant.admin.get(API_ACCESS).await.ok().as_array().unwrap().len(), 1);
    assert_eq!(tenant.admin.get(ADMINS).await.ok().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_revoked_credential_is_refused_on_the_next_call_by_key_and_by_token() {
    let tenant = tenant().await;
    let (old, new) = (machine(&tenant).await, machine(&tenant).await);
    let token = old.signed_in(&tenant).await;
    // Two live keys, so that one can be exchanged for the other without an outage.
    assert_eq!(old.key.get(TIERS).await.status, 200);
    assert_eq!(new.key.get(TIERS).await.status, 200);
    let revoked = tenant.admin.delete(API_ACCESS, &json!({"ClientId": old.id})).await;
    assert_eq!(revoked.ok(), json!({"Success": true}));
    assert_eq!(old.key.get(TIERS).await.status, 401);
    let tier = json!({"Name": "Gold", "CurrencyCode": "EUR"});
    assert_eq!(old.key.post(TIERS, &tier).await.status, 401);
    token.get(TIERS).await.problem(403, "You are not an admin of this organization.");
    token.post(TIERS, &tier).await.problem(403, "You are not an admin of this organization.");
    let access = json!({"OrgCode": tenant.code, "UserId": tenant.admin_id});
    token.post("/api/auth/access", &access).await.problem(403, "You are not an admin of this organization.");
    let login = json!({"OrgCode": tenant.code, "ClientId": old.id, "ClientSecret": old.secret});
    assert_eq!(Anonymous.post("/api/auth/login", &login).await.status, 401);
    assert_eq!(new.key.get(TIERS).await.ok(), json!([]), "the other key goes on");
    let again = tenant.admin.delete(API_ACCESS, &json!({"ClientId": old.id})).await;
    again.fields(&json!({"ClientId": ["is no machine credential of this organization"]}));
}

#[tokio::test]
async fn a_machine_that_puts_every_admin_on_an_inactive_customer_locks_nobody_out() {
    let tenant = tenant().await;
    let machine = machine(&tenant).await;
    let put = async |path: &str, body: &Value| {
        let request = machine.key.request(Method::PUT, path).json(body);
        assert_eq!(machine.key.send(request).await.status, 200);
    };
    machine.key.post(TIERS, &json!({"Name": "Gold", "CurrencyCode": "EUR"})).await;
    let customer = json!({"CustomerNumber": "Z", "CompanyName": "Z", "Pricing": "Gold", "Active": false});
    put("/api/customers", &customer).await;
    let association = json!({"UserId": tenant.admin_id, "CustomerNumber": "Z"});
    machine.key.post("/api/organizations/users/associate-customer", &association).await.ok();

    let login = json!({"Email": tenant.email, "Password": PASSWORD, "OrgCode": tenant.code});
    let signed_in = Anonymous.post("/api/auth/login", &login).await.ok();
    let admin = Member { token: signed_in["AccessToken"].as_str().unwrap().to_owned() };
    admin.delete(API_ACCESS, &json!({"ClientId": machine.id})).await.ok();
    assert_eq!(machine.key.get(TIERS).await.status, 401);
}
