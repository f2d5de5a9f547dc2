//! Sign-ins, and how they end: every token of an account names its own.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Anonymous, Answer, Caller, Member, Operator, PASSWORD, Tenant, claims_of, person, tenant};

const ENDED: &str = "The sign-in that the access token came from has ended.";
const TIERS: &str = "/api/organizations/price-tiers";
const NEW_PASSWORD: &str = "another good password";

async fn user_token(tenant: &Tenant) -> Member {
    let answer = Anonymous.post("/api/auth/login", &json!({"Email": tenant.email, "Password": PASSWORD})).await.ok();
    Member { token: answer["AccessToken"].as_str().unwrap().to_owned() }
}

/// What a thief of an organization token would do with it: reads, rare writes and writes in bulk.
async fn all_that_an_admin_does(admin: &Member) -> Vec<Answer> {
    let accomplice = person().await;
    let customer = json!({"UserId": accomplice.id, "CustomerNumber": "C-1"});
    let rename = admin.request(Method::PATCH, "/api/organization").json(&json!({"BillingCity": "Berlin"}));
    let put = json!({"CustomerNumber": "C-1", "CompanyName": "Acme", "Pricing": "Gold"});
    let put = admin.request(Method::PUT, "/api/customers").json(&put);
    vec![
        admin.get("/api/organization").await,
        admin.get("/api/organizations/users/admins").await,
        admin.get("/api/organizations/users/associations").await,
        admin.get("/api/users/me").await,
        admin.post("/api/organizations/api-access", &json!({"Name": "web shop"})).await,
        admin.post("/api/organizations/users/admins", &json!({"Email": accomplice.email})).await,
        admin.post("/api/organizations/users/associate-customer", &customer).await,
        admin.post(TIERS, &json!({"Name": "Gold", "CurrencyCode": "EUR"})).await,
        admin.send(rename).await,
        admin.send(put).await,
    ]
}

#[tokio::test]
async fn an_organization_token_does_nothing_once_its_sign_in_has_ended() {
    let ways: [&[(&str, Value)]; 2] = [
        &[("/api/auth/logout", Value::Null)],
        &[("/api/users/me/password", json!({"OldPassword": PASSWORD, "Password": NEW_PASSWORD}))],
    ];
    for way in ways {
        let ada = tenant().await;
        let user = user_token(&ada).await;
        for (path, body) in way {
            assert_eq!(user.post(path, body).await.ok(), json!({"Success": true}));
        }
        for answer in all_that_an_admin_does(&ada.admin).await {
            answer.problem(401, ENDED);
            let says = answer.header("www-authenticate");
            assert!(says.contains("error=\"invalid_token\"") && says.contains("the sign-in has ended"), "{says}");
        }
        for answer in [user.get("/api/users/me").await, user.post("/api/auth/access", &json!({})).await] {
            answer.problem(401, ENDED);
        }
        user.post("/api/auth/logout", &Value::Null).await.problem(401, ENDED);
    }
}

#[tokio::test]
async fn who_signs_out_signs_in_again_and_a_machine_goes_on() {
    let ada = tenant().await;
    let machine = ada.admin.post("/api/organizations/api-access", &json!({"Name": "ERP"})).await.ok();
    ada.admin.post("/api/auth/logout", &Value::Null).await.ok();
    ada.admin.get("/api/organization").await.problem(401, ENDED);
    let key =
        Anonymous.request(Method::GET, "/api/organization").header("x-api-key", machine["ApiKey"].as_str().unwrap());
    Anonymous.send(key).await.ok();
    let again = json!({"Email": ada.email, "Password": PASSWORD, "OrgCode": ada.code});
    let again = Anonymous.post("/api/auth/login", &again).await.ok();
    let again = Member { token: again["AccessToken"].as_str().unwrap().to_owned() };
    again.get("/api/organization").await.ok();
}

#[tokio::test]
async fn a_sign_out_beside_others_and_beside_writes_ends_them_all() {
    let ada = tenant().await;
    Operator.subscribe(&ada.id, "growth").await;
    let user = user_token(&ada).await;
    let writes = (0..12).map(async |number| {
        let name = format!("Tier {number}");
        let answer = ada.admin.post(TIERS, &json!({"Name": name, "CurrencyCode": "EUR"})).await;
        (name, answer.status)
    });
    let outs = (0..4).map(async |_| user.post("/api/auth/logout", &Value::Null).await.status);
    let (written, outs) = tokio::join!(join_all(writes), join_all(outs));
    assert_eq!(outs.iter().filter(|status| **status == 200).count(), 1, "one ends the sign-in: {outs:?}");
    assert!(outs.iter().all(|status| [200, 401, 503].contains(status)), "{outs:?}");
    ada.admin.post(TIERS, &json!({"Name": "late", "CurrencyCode": "EUR"})).await.problem(401, ENDED);

    let again = json!({"Email": ada.email, "Password": PASSWORD, "OrgCode": ada.code});
    let again = Anonymous.post("/api/auth/login", &again).await.ok();
    let again = Member { token: again["AccessToken"].as_str().unwrap().to_owned() };
    let tiers = again.get(TIERS).await.ok();
    let tiers: Vec<_> = tiers.as_array().unwrap().iter().map(|tier| tier["Name"].as_str().unwrap()).collect();
    for (name, status) in &written {
        assert!([200, 401].contains(status), "{name}: {status}");
        assert_eq!(tiers.contains(&name.as_str()), *status == 200, "{name} is there if it was acknowledged");
    }
    assert!(!tiers.contains(&"late"));
}

#[tokio::test]
async fn a_user_token_is_for_the_issuer_alone_and_every_answer_says_what_its_token_is() {
    let ada = tenant().await;
    let login = json!({"Email": ada.email, "Password": PASSWORD});
    let user = Anonymous.post("/api/auth/login", &login).await.ok();
    assert_eq!(user["TokenUse"], "user");
    let claims = claims_of(user["AccessToken"].as_str().unwrap());
    assert_eq!(claims["aud"], claims["iss"]);

    let user = Member { token: user["AccessToken"].as_str().unwrap().to_owned() };
    let organization = user.post("/api/auth/access", &json!({"OrgCode": ada.code})).await.ok();
    assert_eq!(organization["TokenUse"], "organization");
    let enriched = claims_of(organization["AccessToken"].as_str().unwrap());
    assert_ne!(enriched["aud"], enriched["iss"]);
    assert_eq!(enriched["sid"], claims["sid"], "it ends with the sign-in that it came from");
}
