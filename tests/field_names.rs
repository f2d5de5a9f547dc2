//! The names of fields: in any case, each once, and none that the request doesn't have.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Anonymous, Answer, Caller, Member, PASSWORD, person, tenant, unique};

const ORGANIZATION: &str = "/api/organization";
const ORGANIZATIONS: &str = "/api/organizations";
const USERS: &str = "/api/users";
const ME: &str = "/api/users/me";
const ADMINS: &str = "/api/organizations/users/admins";
const ASSOCIATIONS: &str = "/api/organizations/users/associations";
const TIERS: &str = "/api/organizations/price-tiers";
const CUSTOMERS: &str = "/api/customers";
const UNKNOWN: &str = "is no field of this request";
const ONCE: &str = "must be given once";

async fn text(caller: &impl Caller, method: Method, path: &str, body: &str) -> Answer {
    caller.raw(method, path, Some("application/json"), body.to_owned()).await
}

/// Every operation that takes a body, with a caller for it.
async fn with_body() -> Vec<(Member, Method, &'static str)> {
    let (admin, user) = (tenant().await.admin, person().await.signed_in().await);
    let nobody = Member { token: String::new() };
    let routes = [
        (&nobody, Method::POST, ORGANIZATIONS),
        (&nobody, Method::POST, USERS),
        (&admin, Method::POST, USERS),
        (&nobody, Method::POST, "/api/auth/login"),
        (&nobody, Method::POST, "/api/auth/forgot-password"),
        (&nobody, Method::POST, "/api/auth/reset-password"),
        (&user, Method::POST, "/api/auth/access"),
        (&user, Method::PATCH, ME),
        (&user, Method::POST, "/api/users/me/password"),
        (&admin, Method::PATCH, ORGANIZATION),
        (&admin, Method::POST, ADMINS),
        (&admin, Method::DELETE, ADMINS),
        (&admin, Method::DELETE, "/api/organizations/users"),
        (&admin, Method::POST, "/api/organizations/users/associate-customer"),
        (&admin, Method::DELETE, ASSOCIATIONS),
        (&admin, Method::POST, TIERS),
        (&admin, Method::PUT, TIERS),
        (&admin, Method::DELETE, TIERS),
        (&admin, Method::PUT, CUSTOMERS),
        (&admin, Method::POST, "/api/organizations/api-access"),
        (&admin, Method::DELETE, "/api/organizations/api-access"),
    ];
    routes.map(|(caller, method, path)| (caller.clone(), method, path)).into()
}

async fn send(caller: &Member, method: Method, path: &str, body: &str) -> Answer {
    if caller.token.is_empty() {
        text(&Anonymous, method, path, body).await
    } else {
        text(caller, method, path, body).await
    }
}

#[tokio::test]
async fn a_field_that_a_request_does_not_have_is_named_on_every_operation() {
    for (caller, method, path) in with_body().await {
        let answer = send(&caller, method.clone(), path, r#"{"Qqqqqqqqqqqq": null}"#).await;
        assert_eq!(answer.status, 400, "{method} {path}: {answer:?}");
        assert_eq!(answer.json()["errors"]["Qqqqqqqqqqqq"], json!([UNKNOWN]), "{method} {path}");
    }
}

#[tokio::test]
async fn a_field_that_is_sent_twice_in_any_spelling_is_named_on_every_operation() {
    for (caller, method, path) in with_body().await {
        let answer = send(&caller, method.clone(), path, r#"{"Xx": 1, "xX": 2}"#).await;
        assert_eq!(answer.status, 400, "{method} {path}: {answer:?}");
        assert_eq!(answer.json()["errors"]["Xx"], json!([UNKNOWN, ONCE]), "{method} {path}");
    }
    let admin = tenant().await.admin;
    let twice = r#"{"Website": "https://a.example", "website": "https://b.example"}"#;
    text(&admin, Method::PATCH, ORGANIZATION, twice).await.fields(&json!({"Website": [ONCE]}));
    let twice = r#"{"Name": "A", "Name": "B", "CurrencyCode": "EUR"}"#;
    text(&admin, Method::POST, TIERS, twice).await.fields(&json!({"Name": [ONCE]}));
    assert_eq!(admin.get(TIERS).await.ok(), json!([]));
    let twice = r#"{"Organization": {"name": "A", "NAME": "B"}, "User": {}, "user": 1}"#;
    let required = json!(["is required"]);
    text(&Anonymous, Method::POST, ORGANIZATIONS, twice).await.fields(&json!({
        "Organization.Name": [ONCE], "User": [ONCE],
        "User.FirstName": required, "User.LastName": required, "User.Email": required, "User.Password": required,
    }));
}

#[tokio::test]
async fn names_are_read_in_any_case_and_what_they_say_takes_effect() {
    let email = format!("{}@acme.example", unique("ada"));
    let (name, renamed) = (unique("Org"), unique("Org"));
    let created = Anonymous
        .post(
            ORGANIZATIONS,
            &json!({
                "organization": {"name": name, "BILLINGCITY": "Berlin"},
                "USER": {"firstName": "Ada", "last_name": null, "lastname": "L", "EMail": email, "passWord": PASSWORD},
            }),
        )
        .await;
    created.fields(&json!({"User.last_name": [format!("{UNKNOWN}; did you mean LastName?")]}));
    let created = Anonymous
        .post(
            ORGANIZATIONS,
            &json!({
                "organization": {"name": name, "BILLINGCITY": "Berlin"},
                "USER": {"firstName": "Ada", "lastname": "L", "EMail": email, "passWord": PASSWORD},
            }),
        )
        .await
        .ok();
    let login = json!({"email": email, "password": PASSWORD, "orgcode": created["Slug"]});
    let token = Anonymous.post("/api/auth/login", &login).await.ok()["AccessToken"].as_str().unwrap().to_owned();
    let admin = Member { token };
    let patch = json!({"website": "https://acme.example", "name": renamed});
    let changed = admin.patch(ORGANIZATION, &patch).await.ok()["Organization"].clone();
    assert_eq!(
        (&changed["Website"], &changed["Name"], &changed["BillingCity"]),
        (&json!("https://acme.example"), &json!(renamed), &json!("Berlin"))
    );
    assert_eq!(admin.post(TIERS, &json!({"NAME": "Gold", "currencycode": "EUR"})).await.status, 200);
    let put = json!({"customernumber": "C-1", "companyName": "Acme", "PRICING": "Gold", "active": false});
    assert_eq!(admin.send(admin.request(Method::PUT, CUSTOMERS).json(&put)).await.ok()["Active"], false);
    // Parameters are read as fields are, also where they stand for a DELETE's body.
    assert_eq!(admin.get("/api/customers?customernumber=C-1").await.ok()["CompanyName"], "Acme");
    assert_eq!(admin.get("/api/organizations/users/admins?INCLUDE=mail").await.ok()[0]["FirstName"], "Ada");
    assert_eq!(admin.send(admin.request(Method::DELETE, "/api/customers?CUSTOMERNUMBER=C-1")).await.status, 200);
    assert_eq!(admin.send(admin.request(Method::DELETE, &format!("{TIERS}?name=gold"))).await.status, 200);
    // The user token that an access asks for, by either name of the code.
    let user = Anonymous.post("/api/auth/login", &json!({"EMAIL": email, "PASSWORD": PASSWORD})).await.ok();
    let user = Member { token: user["AccessToken"].as_str().unwrap().to_owned() };
    for name in ["orgCode", "identityorganizationid"] {
        assert_eq!(user.post("/api/auth/access", &json!({name: created["Slug"]})).await.ok()["TokenType"], "Bearer");
    }
}

#[tokio::test]
async fn a_mistyped_name_is_refused_with_the_nearest_and_nothing_changes() {
    let tenant = tenant().await;
    let before = tenant.admin.get(ORGANIZATION).await.ok();
    let nearest = |name: &str| json!([format!("{UNKNOWN}; did you mean {name}?")]);
    let patch = json!({"Websit": "https://a.example", "BillingCity": "Berlin", "Q": 1});
    tenant.admin.patch(ORGANIZATION, &patch).await.fields(&json!({"Websit": nearest("Website"), "Q": [UNKNOWN]}));
    let wrapped = json!({"Organization": {"Websit": null}, "BillingCity": "Berlin"});
    let errors = json!({"Organization.Websit": nearest("Website"), "BillingCity": [UNKNOWN]});
    tenant.admin.patch(ORGANIZATION, &wrapped).await.fields(&errors);
    tenant.admin.patch(ORGANIZATION, &json!({"Organization": 1})).await.fields(&json!({
        "Organization": ["must be an object"],
    }));
    assert_eq!(tenant.admin.get(ORGANIZATION).await.ok(), before);
    let customer = json!({"CustomerNumber": "C-1", "CompanyName": "A", "Pricing": "Gold", "Actve": false});
    let put = tenant.admin.request(Method::PUT, CUSTOMERS).json(&customer);
    tenant.admin.send(put).await.fields(&json!({"Actve": nearest("Active")}));
    let by_query = tenant.admin.request(Method::DELETE, &format!("{ADMINS}?UserId=x&User=y"));
    tenant.admin.send(by_query).await.fields(&json!({
        "UserId": ["is not an admin of this organization"], "User": nearest("UserId"),
    }));
    let by_query = tenant.admin.request(Method::DELETE, &format!("{TIERS}?Name=a&name=b"));
    tenant.admin.send(by_query).await.fields(&json!({"Name": [ONCE]}));
}

#[tokio::test]
async fn a_record_is_patched_as_it_was_answered_and_its_read_only_fields_hold() {
    let tenant = tenant().await;
    let mut organization = tenant.admin.get(ORGANIZATION).await.ok()["Organization"].clone();
    for city in ["Berlin", "Paris"] {
        organization["BillingCity"] = json!(city);
        let body = if city == "Paris" { json!({"Organization": organization}) } else { organization.clone() };
        organization = tenant.admin.patch(ORGANIZATION, &body).await.ok()["Organization"].clone();
        assert_eq!(organization["BillingCity"], city);
    }
    let bad = json!({
        "OrganizationId": "x", "IdentityOrganizationId": null, "slug": 1, "CreatedAt": "2020-01-01T00:00:00Z",
        "UpdatedAt": "", "BillingCity": "Rome",
    });
    let fault = json!(["is read-only"]);
    tenant.admin.patch(ORGANIZATION, &bad).await.fields(&json!({
        "OrganizationId": fault, "IdentityOrganizationId": fault, "Slug": fault, "CreatedAt": fault, "UpdatedAt": fault,
    }));
    let wrapped = json!({"Organization": {"Slug": "x"}});
    tenant.admin.patch(ORGANIZATION, &wrapped).await.fields(&json!({"Organization.Slug": fault}));
    assert_eq!(tenant.admin.get(ORGANIZATION).await.ok()["Organization"], organization);

    let user = person().await.signed_in().await;
    let mut account = user.get(ME).await.ok();
    account["FirstName"] = json!("Amazing");
    assert_eq!(user.patch(ME, &account).await.ok(), account);
    let bad = json!({"UserId": "kp_x", "Email": "other@acme.example", "EmailVerified": true, "FirstName": "X"});
    user.patch(ME, &bad).await.fields(&json!({"UserId": fault, "Email": fault, "EmailVerified": fault}));
    assert_eq!(user.get(ME).await.ok(), account);
}

#[tokio::test]
async fn credentials_of_a_user_and_of_a_machine_do_not_go_together() {
    let both = "can't be sent together with";
    let user = json!({"Email": "a@acme.example", "Password": PASSWORD, "ClientId": "x", "ClientSecret": "y"});
    let errors = json!({"ClientId": [format!("{both} Email")], "ClientSecret": [format!("{both} Email")]});
    Anonymous.post("/api/auth/login", &user).await.fields(&errors);
    let machine = json!({"OrgCode": "org_x", "ClientId": "x", "ClientSecret": "y", "Password": PASSWORD});
    let errors = json!({"Password": [format!("{both} ClientId and ClientSecret")]});
    Anonymous.post("/api/auth/login", &machine).await.fields(&errors);
}

#[tokio::test]
async fn a_request_sent_again_in_another_spelling_is_the_same_request() {
    let admin = tenant().await.admin;
    let key = unique("key");
    let with_key = async |body: Value| {
        admin.send(admin.request(Method::POST, TIERS).header("idempotency-key", &key).json(&body)).await
    };
    assert_eq!(with_key(json!({"Name": "Gold", "CurrencyCode": "EUR"})).await.status, 200);
    let again = with_key(json!({"currencyCode": "EUR", "NAME": "Gold"})).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (200, "true"));
    assert_eq!(with_key(json!({"currencyCode": "USD", "NAME": "Gold"})).await.status, 422);
}
