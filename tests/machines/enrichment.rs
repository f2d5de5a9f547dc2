//! Machines that ask for the token of a user.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Anonymous, Caller, Member, PASSWORD, Tenant, claims_of, person, tenant};

use super::{ADMINS, TIERS, machine};

async fn associate(tenant: &Tenant, user_id: &str) {
    let tier = json!({"Name": "Gold", "CurrencyCode": "EUR"});
    assert_eq!(tenant.admin.post(TIERS, &tier).await.status, 200);
    let customer = json!({"CustomerNumber": "C-1", "CompanyName": "Acme", "Pricing": "Gold"});
    tenant.admin.send(tenant.admin.request(Method::PUT, "/api/customers").json(&customer)).await.ok();
    let link = json!({"UserId": user_id, "CustomerNumber": "C-1"});
    tenant.admin.post("/api/organizations/users/associate-customer", &link).await.ok();
}

#[tokio::test]
async fn a_machine_enriches_a_token_for_an_associated_user_and_says_so() {
    let tenant = tenant().await;
    let machine = machine(&tenant).await;
    let token = machine.signed_in(&tenant).await;
    let grace = person().await;
    associate(&tenant, &grace.id).await;
    // She is an admin too, which no machine hands on.
    tenant.admin.post(ADMINS, &json!({"Email": grace.email})).await.ok();
    let access = json!({"OrgCode": tenant.code, "UserId": grace.id});
    for answer in [machine.key.post("/api/auth/access", &access).await, token.post("/api/auth/access", &access).await] {
        assert_eq!(answer.round_trips(), 2);
        let enriched = answer.ok();
        let token = enriched["AccessToken"].as_str().unwrap().to_owned();
        assert_eq!(
            enriched,
            json!({
                "AccessToken": token, "TokenUse": "organization", "TokenType": "Bearer", "ExpiresIn": 3600,
                "OrganizationId": tenant.id, "UserId": grace.id,
                "Roles": ["customer"], "CustomerNumber": "C-1", "PriceTier": "Gold", "CurrencyCode": "EUR",
            })
        );
        let claims = claims_of(&token);
        assert_eq!((&claims["sub"], &claims["act"]), (&json!(grace.id), &json!({"sub": machine.id})));
        assert_eq!((&claims["token_use"], &claims["Roles"]), (&json!("organization"), &json!(["customer"])));
        let hers = Member { token };
        hers.get("/api/organization").await.problem(403, "This needs the admin role of an organization.");
        assert_eq!(hers.post("/api/auth/access", &json!({"OrgCode": tenant.code})).await.status, 403);
    }
}

#[tokio::test]
async fn a_machine_enriches_for_nobody_else_and_nowhere_else() {
    let (tenant, other) = (tenant().await, tenant().await);
    let machine = machine(&tenant).await;
    let grace = person().await;
    // Associated in the other organization, and an admin in both.
    associate(&other, &grace.id).await;
    for tenant in [&tenant, &other] {
        tenant.admin.post(ADMINS, &json!({"Email": grace.email})).await.ok();
    }
    let access = async |code: &str, user: &str| {
        machine.key.post("/api/auth/access", &json!({"OrgCode": code, "UserId": user})).await
    };
    for user in [&grace.id, &tenant.admin_id, &person().await.id, "kp_nobody"] {
        access(&tenant.code, user).await.problem(403, "You have no role in this organization.");
    }
    let elsewhere = "A machine may enrich tokens of its own organization alone.";
    access(&other.code, &grace.id).await.problem(403, elsewhere);
    access("org_unknown99", &grace.id).await.fields(&json!({"OrgCode": ["is no organization's code"]}));
    let nobody = machine.key.post("/api/auth/access", &json!({"OrgCode": tenant.code})).await;
    nobody.fields(&json!({"UserId": ["is required"]}));
    let both = json!({"OrgCode": ["is required"], "UserId": ["is required"]});
    machine.key.post("/api/auth/access", &json!({})).await.fields(&both);
    // Another organization wins over what is wrong beside it.
    machine.key.post("/api/auth/access", &json!({"OrgCode": other.code})).await.problem(403, elsewhere);
}

#[tokio::test]
async fn nobody_but_a_machine_enriches_for_another_user() {
    let tenant = tenant().await;
    let grace = person().await;
    associate(&tenant, &grace.id).await;
    let login = json!({"Email": tenant.email, "Password": PASSWORD});
    let user = Anonymous.post("/api/auth/login", &login).await.ok();
    let user = Member { token: user["AccessToken"].as_str().unwrap().to_owned() };
    let access = json!({"OrgCode": tenant.code, "UserId": grace.id});
    for code in [json!(tenant.code), json!("?"), json!(1), Value::Null] {
        let access = json!({"OrgCode": code, "UserId": grace.id});
        user.post("/api/auth/access", &access)
            .await
            .problem(403, "Only a machine may enrich a token for another user.");
    }
    assert_eq!(tenant.admin.post("/api/auth/access", &access).await.status, 403);
}
