//! One process serves many organizations: what one caller gets never shows another's.

use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Anonymous, Caller, Member, PASSWORD, Person, Tenant, claims_of, person, tenant};

const ADMINS: &str = "/api/organizations/users/admins";
const TIERS: &str = "/api/organizations/price-tiers";
const ACCESS: &str = "/api/auth/access";

/// A user of three organizations, with a customer of another name and currency in each.
struct Traveller {
    user: Member,
    person: Person,
}

const CURRENCIES: [&str; 3] = ["EUR", "USD", "CHF"];

async fn equip(tenant: &Tenant, place: usize) {
    let tier = json!({"Name": format!("Tier {}", tenant.code), "CurrencyCode": CURRENCIES[place]});
    assert_eq!(tenant.admin.post(TIERS, &tier).await.status, 200);
    let customer = json!({
        "CustomerNumber": format!("C-{}", tenant.code), "CompanyName": "Acme", "Pricing": format!("Tier {}", tenant.code),
    });
    tenant.admin.send(tenant.admin.request(Method::PUT, "/api/customers").json(&customer)).await.ok();
}

async fn join(tenant: &Tenant, person: &Person) {
    tenant.admin.post(ADMINS, &json!({"Email": person.email})).await.ok();
    let link = json!({"UserId": person.id, "CustomerNumber": format!("C-{}", tenant.code)});
    tenant.admin.post("/api/organizations/users/associate-customer", &link).await.ok();
}

/// What a token of an organization says of it.
fn expected(tenant: &Tenant, place: usize) -> [(&'static str, Value); 6] {
    [
        ("OrganizationId", json!(tenant.id)),
        ("OrgCode", json!(tenant.code)),
        ("Roles", json!(["admin", "customer"])),
        ("CustomerNumber", json!(format!("C-{}", tenant.code))),
        ("PriceTier", json!(format!("Tier {}", tenant.code))),
        ("CurrencyCode", json!(CURRENCIES[place])),
    ]
}

#[tokio::test]
async fn ten_thousand_mixed_calls_of_users_of_three_organizations_never_show_another_one() {
    let tenants = [tenant().await, tenant().await, tenant().await];
    for (place, tenant) in tenants.iter().enumerate() {
        equip(tenant, place).await;
    }
    let mut travellers = Vec::new();
    for _ in 0..4 {
        let person = person().await;
        for tenant in &tenants {
            join(tenant, &person).await;
        }
        travellers.push(Traveller { user: person.signed_in().await, person });
    }
    let (tenants, travellers) = (&tenants, &travellers);
    // Each round: a token, and four calls with it.
    let rounds = stream::iter(0..2_000).map(|round| async move {
        let (traveller, place) = (&travellers[round % travellers.len()], (round / travellers.len()) % 3);
        let tenant = &tenants[place];
        let access = traveller.user.post(ACCESS, &json!({"OrgCode": tenant.code})).await.ok();
        let token = access["AccessToken"].as_str().unwrap().to_owned();
        let claims = claims_of(&token);
        for (claim, value) in expected(tenant, place) {
            assert_eq!(claims[claim], value);
        }
        assert_eq!(claims["sub"], traveller.person.id.as_str());
        let member = Member { token };
        let organization = member.get("/api/organization").await.ok();
        assert_eq!(organization["Organization"]["OrganizationId"], tenant.id.as_str());
        let tiers = member.get(TIERS).await.ok();
        assert_eq!(tiers, json!([{"Name": format!("Tier {}", tenant.code), "CurrencyCode": CURRENCIES[place]}]));
        let links = member.get("/api/organizations/users/associations").await.ok();
        assert!(links["Data"].as_array().unwrap().iter().all(|link| link["OrganizationId"] == tenant.id.as_str()));
        assert_eq!(links["TotalCount"], travellers.len());
        let other = &tenants[(place + 1) % 3];
        let customer = member.get(&format!("/api/customers/C-{}", other.code)).await;
        assert_eq!(customer.status, 404, "another organization's customer");
    });
    rounds.buffer_unordered(16).collect::<Vec<()>>().await;
}

#[tokio::test]
async fn a_thousand_replays_of_a_demoted_admins_token_never_succeed() {
    let tenant = tenant().await;
    let (demoted, grace) = tenant.second_admin().await;
    let user = grace.signed_in().await;
    demoted.get("/api/organization").await.ok();
    tenant.admin.delete(ADMINS, &json!({"UserId": grace.id})).await.ok();
    let alan = person().await;
    let calls = [
        (Method::GET, "/api/organization", Value::Null),
        (Method::PATCH, "/api/organization", json!({"BillingCity": "Berlin"})),
        (Method::GET, ADMINS, Value::Null),
        (Method::POST, ADMINS, json!({"Email": alan.email})),
        (Method::DELETE, ADMINS, json!({"UserId": tenant.admin_id})),
        (Method::DELETE, ADMINS, json!({"UserId": grace.id})),
        (Method::POST, "/api/users", json!({"FirstName": "A", "LastName": "B", "Email": "a@invited.example"})),
        (
            Method::POST,
            "/api/organizations/users/associate-customer",
            json!({"UserId": alan.id, "CustomerNumber": "C"}),
        ),
        (Method::GET, "/api/organizations/users/associations", Value::Null),
        (Method::DELETE, "/api/organizations/users/associations", json!({"UserId": alan.id})),
        (Method::GET, TIERS, Value::Null),
        (Method::POST, TIERS, json!({"Name": "Gold", "CurrencyCode": "EUR"})),
        (Method::PUT, TIERS, json!({"OldName": "Gold", "NewName": "Silver"})),
        (Method::DELETE, TIERS, json!({"Name": "Gold"})),
        (Method::PUT, "/api/customers", json!({"CustomerNumber": "C", "CompanyName": "A", "Pricing": "Gold"})),
        (Method::GET, "/api/customers/C", Value::Null),
        (Method::DELETE, "/api/customers/C", Value::Null),
        (Method::GET, "/api/organizations/api-access", Value::Null),
        (Method::POST, "/api/organizations/api-access", json!({"Name": "Back door"})),
        (Method::DELETE, "/api/organizations/api-access", json!({"ClientId": shared::ids::ClientId::random()})),
        (Method::POST, ACCESS, json!({"OrgCode": tenant.code})),
    ];
    let (calls, demoted, user, code) = (&calls, &demoted, &user, &tenant.code);
    let replays = stream::iter(0..1_000).map(|n| async move {
        let (method, path, body) = &calls[n % calls.len()];
        let request = demoted.request(method.clone(), path);
        let answer = demoted.send(if body.is_null() { request } else { request.json(body) }).await;
        // Eight at once want the same items: one may be told to come again.
        assert!(matches!(answer.status, 403 | 503), "{method} {path}: {answer:?}");
        if n % 10 == 0 {
            let refused = user.post(ACCESS, &json!({"OrgCode": code})).await;
            refused.problem(403, "You have no role in this organization.");
        }
    });
    replays.buffer_unordered(8).collect::<Vec<()>>().await;
    assert_eq!(tenant.admin_ids().await, std::slice::from_ref(&tenant.admin_id));
    assert_eq!(tenant.admin.get(TIERS).await.ok(), json!([]));
    assert_eq!(tenant.admin.get("/api/organizations/api-access").await.ok(), json!([]));
}

#[tokio::test]
async fn an_admin_cant_become_his_user_elsewhere_by_a_machine_of_his_own() {
    let (mine, other) = (tenant().await, tenant().await);
    for (place, tenant) in [&mine, &other].into_iter().enumerate() {
        equip(tenant, place).await;
    }
    let grace = person().await;
    join(&other, &grace).await;
    // I link her to a customer of mine, and have a machine ask for her token.
    let link = json!({"UserId": grace.id, "CustomerNumber": format!("C-{}", mine.code)});
    mine.admin.post("/api/organizations/users/associate-customer", &link).await.ok();
    let created = mine.admin.post("/api/organizations/api-access", &json!({"Name": "Mine"})).await.ok();
    let key = created["ApiKey"].as_str().unwrap();
    let ask = async |code: &str| {
        let request = Anonymous.request(Method::POST, ACCESS).header("x-api-key", key);
        Anonymous.send(request.json(&json!({"OrgCode": code, "UserId": grace.id}))).await
    };
    assert_eq!(ask(&other.code).await.status, 403, "not for the other organization");
    let hers = ask(&mine.code).await.ok();
    let hers = Member { token: hers["AccessToken"].as_str().unwrap().to_owned() };
    assert_eq!(hers.post(ACCESS, &json!({"OrgCode": other.code})).await.status, 403, "nor by way of mine");
    for path in ["/api/organization", ADMINS, TIERS, "/api/users/me"] {
        assert_eq!(hers.get(path).await.status, 403, "{path}");
    }
    let login = json!({"Email": grace.email, "Password": PASSWORD, "OrgCode": other.code});
    Anonymous.post("/api/auth/login", &login).await.ok();
}
