//! What a machine credential is good for, until when, and whose it is.

use futures_util::future::join_all;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use shared::rfc3339;

use crate::support::{Anonymous, Answer, Caller, Member, Tenant, claims_of, person, put_item, tenant, unique};

const API_ACCESS: &str = "/api/organizations/api-access";
const TIERS: &str = "/api/organizations/price-tiers";
const NOT_COVERED: &str = "The access of this machine credential doesn't cover this.";
const INVALID_KEY: &str = "The API key is not valid.";

/// A machine, by its API key.
struct Key(String);

impl Caller for Key {
    fn sign(&self, request: RequestBuilder) -> RequestBuilder {
        request.header("x-api-key", &self.0)
    }
}

/// Makes a credential and gives the answer, and the machine's token beside its key.
async fn machine(tenant: &Tenant, access: &str) -> (Value, Key, Member) {
    let created = tenant.admin.post(API_ACCESS, &json!({"Name": "ERP", "Access": access})).await.ok();
    let login = json!({
        "OrgCode": tenant.code, "ClientId": created["ClientId"], "ClientSecret": created["ClientSecret"],
    });
    let signed_in = Anonymous.post("/api/auth/login", &login).await.ok();
    let key = Key(created["ApiKey"].as_str().unwrap().to_owned());
    (created, key, Member { token: signed_in["AccessToken"].as_str().unwrap().to_owned() })
}

/// A read, a rare write, a write in bulk, and a token of the organization's user.
async fn calls(machine: &impl Caller, tenant: &Tenant, user: &str) -> [Answer; 4] {
    let tier = json!({"Name": unique("Tier"), "CurrencyCode": "EUR"});
    let link = json!({"UserId": user, "CustomerNumber": "C-1"});
    let exchange = json!({"OrgCode": tenant.code, "UserId": user});
    [
        machine.get("/api/organization").await,
        machine.post(TIERS, &tier).await,
        machine.post("/api/organizations/users/associate-customer", &link).await,
        machine.post("/api/auth/access", &exchange).await,
    ]
}

#[tokio::test]
async fn a_credential_does_what_its_access_covers_by_key_and_by_token() {
    let tenant = tenant().await;
    let user = person().await;
    let link = json!({"UserId": user.id, "CustomerNumber": "C-1"});
    tenant.admin.post("/api/organizations/users/associate-customer", &link).await.ok();
    for (access, expected) in
        [("full", [200, 200, 200, 200]), ("read", [200, 403, 403, 403]), ("exchange", [403, 403, 403, 200])]
    {
        let (_, key, token) = machine(&tenant, access).await;
        let tiers = tenant.admin.get(TIERS).await.ok();
        let answers = [calls(&key, &tenant, &user.id).await, calls(&token, &tenant, &user.id).await];
        for answer in answers.iter().flat_map(|answers| answers.iter().zip(expected)) {
            let (answer, expected) = answer;
            assert_eq!(answer.status, expected, "{access}: {answer:?}");
            if expected == 403 {
                answer.problem(403, NOT_COVERED);
            }
        }
        if expected[1] == 403 {
            assert_eq!(tenant.admin.get(TIERS).await.ok(), tiers, "a refused call changes nothing");
        }
    }
}

#[tokio::test]
async fn a_restricted_machine_is_told_so_before_anything_else_and_its_token_claims_no_role() {
    let tenant = tenant().await;
    for access in ["read", "exchange"] {
        let (created, key, token) = machine(&tenant, &access.to_uppercase()).await;
        assert_eq!(created["Access"], access);
        let claims = claims_of(&token.token);
        assert_eq!((&claims["Roles"], &claims["Access"]), (&json!([]), &json!(access)));
        for body in [json!({}), json!({"Name": 1}), json!({"Email": "nobody@nowhere.example"})] {
            key.post(TIERS, &body).await.problem(403, NOT_COVERED);
            token.post("/api/organizations/users/associate-customer", &body).await.problem(403, NOT_COVERED);
        }
    }
}

#[tokio::test]
async fn the_list_says_who_made_a_credential_what_it_may_and_when_it_ends() {
    let tenant = tenant().await;
    let (grace, grace_is) = tenant.second_admin().await;
    let body = json!({"Name": "Nightly", "Access": "read", "ExpiresAt": "2100-01-01T01:00:00+01:00"});
    let created = grace.post(API_ACCESS, &body).await.ok();
    assert_eq!((&created["Access"], &created["ExpiresAt"]), (&json!("read"), &json!("2100-01-01T00:00:00Z")));
    tenant.admin.delete("/api/organizations/users/admins", &json!({"UserId": grace_is.id})).await.ok();
    let listed = tenant.admin.get(API_ACCESS).await.ok();
    let entry = json!({
        "ClientId": created["ClientId"], "Name": "Nightly", "Access": "read", "CreatedAt": listed[0]["CreatedAt"],
        "CreatedBy": grace_is.id, "ExpiresAt": "2100-01-01T00:00:00Z", "LastUsedAt": null,
    });
    assert_eq!(listed, json!([entry]), "also once the maker was demoted");
}

#[tokio::test]
async fn a_bad_access_and_an_end_that_is_none_are_named_beside_the_name() {
    let tenant = tenant().await;
    let body = json!({"Access": "admin", "ExpiresAt": "2020-01-01T00:00:00Z"});
    tenant.admin.post(API_ACCESS, &body).await.fields(&json!({
        "Name": ["is required"], "Access": ["must be one of full, read, exchange"], "ExpiresAt": ["must be in the future"],
    }));
    let body = json!({"Name": "ERP", "Access": 1, "ExpiresAt": "tomorrow"});
    tenant.admin.post(API_ACCESS, &body).await.fields(&json!({
        "Access": ["must be a string"], "ExpiresAt": ["must be a time such as 2027-01-31T12:00:00Z (RFC 3339)"],
    }));
    assert_eq!(tenant.admin.get(API_ACCESS).await.ok(), json!([]));
}

#[tokio::test]
async fn a_credential_that_has_ended_is_refused_before_the_table_drops_it() {
    let tenant = tenant().await;
    let end = shared::clock::now() + 3;
    let body = json!({"Name": "ERP", "ExpiresAt": rfc3339(end)});
    let created = tenant.admin.post(API_ACCESS, &body).await.ok();
    let login = json!({
        "OrgCode": tenant.code, "ClientId": created["ClientId"], "ClientSecret": created["ClientSecret"],
    });
    let signed_in = Anonymous.post("/api/auth/login", &login).await.ok();
    assert!(signed_in["ExpiresIn"].as_u64().unwrap() <= 3, "the token ends with its credential: {signed_in}");
    let key = Key(created["ApiKey"].as_str().unwrap().to_owned());
    key.get("/api/organization").await.ok();
    while shared::clock::now() <= end {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    key.get("/api/organization").await.problem(401, INVALID_KEY);
    key.post(TIERS, &json!({"Name": "Gold", "CurrencyCode": "EUR"})).await.problem(401, INVALID_KEY);
    assert_eq!(Anonymous.post("/api/auth/login", &login).await.status, 401);
    assert_eq!(tenant.admin.get(API_ACCESS).await.ok(), json!([]));
}

#[tokio::test]
async fn a_request_that_is_sent_again_makes_no_second_secret() {
    let tenant = tenant().await;
    let sent = |body: Value| {
        let request = tenant.admin.request(Method::POST, API_ACCESS).json(&body).header("idempotency-key", "once");
        tenant.admin.send(request)
    };
    let answers = join_all((0..6).map(|_| sent(json!({"Name": "ERP"})))).await;
    let (made, told): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(made.len(), 1, "{answers:?}");
    let client = made[0].json()["ClientId"].as_str().unwrap().to_owned();
    let detail = format!(
        "An earlier request with this Idempotency-Key made the credential {client} and showed its secret once. If the \
         secret is lost, remove the credential and make another."
    );
    assert_eq!(told.len(), 5);
    for answer in told {
        answer.problem(409, &detail);
    }
    assert_eq!(tenant.admin.get(API_ACCESS).await.ok().as_array().unwrap().len(), 1);
    sent(json!({"Name": "Another"})).await.problem(422, "The Idempotency-Key was used before, with another body.");
}

#[tokio::test]
async fn a_credential_from_before_access_was_stored_goes_on_with_all_of_it() {
    let tenant = tenant().await;
    let (created, key, _) = machine(&tenant, "full").await;
    let client = created["ClientId"].as_str().unwrap();
    let hash = shared::claims::SecretHash::of(created["ClientSecret"].as_str().unwrap());
    put_item(json!({
        "pk": format!("ORG#{}", tenant.id), "sk": format!("CLIENT#{client}"), "entity": "machine", "client_id": client,
        "name": "ERP", "secret_hash": hash.as_str(), "created_at": "2026-01-01T00:00:00Z",
    }))
    .await;
    assert_eq!(key.post(TIERS, &json!({"Name": "Gold", "CurrencyCode": "EUR"})).await.status, 200);
    let listed = tenant.admin.get(API_ACCESS).await.ok();
    let entry = json!({
        "ClientId": client, "Name": "ERP", "Access": "full", "CreatedAt": "2026-01-01T00:00:00Z",
        "LastUsedAt": listed[0]["LastUsedAt"],
    });
    assert_eq!(listed, json!([entry]));
}
