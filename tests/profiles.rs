//! `/api/users/me`: what an account's owner sees and changes.

use serde_json::{Value, json};

use crate::support::{Anonymous, Caller, Member, PASSWORD, Person, person, tenant, unique};

const ME: &str = "/api/users/me";
const PASSWORD_PATH: &str = "/api/users/me/password";
const ADMINS: &str = "/api/organizations/users/admins";

fn account_of(person: &Person, first: &str, phone: Option<&str>) -> Value {
    let mut account = json!({
        "UserId": person.id, "Email": person.email, "FirstName": first, "LastName": "Hopper", "EmailVerified": false,
    });
    if let Some(phone) = phone {
        account["PhoneNumber"] = json!(phone);
    }
    account
}

#[tokio::test]
async fn an_account_is_seen_and_changed_by_a_user_token_and_by_an_organization_token() {
    let tenant = tenant().await;
    let (in_organization, grace) = tenant.second_admin().await;
    let user = grace.signed_in().await;
    assert_eq!(user.get(ME).await.ok(), account_of(&grace, "Grace", None));
    assert_eq!(in_organization.get(ME).await.ok(), account_of(&grace, "Grace", None));
    let changed = in_organization.patch(ME, &json!({"FirstName": " Amazing ", "PhoneNumber": "+1 555 0100"})).await;
    assert_eq!(changed.ok(), account_of(&grace, "Amazing", Some("+1 555 0100")));
    assert_eq!(user.get(ME).await.ok(), account_of(&grace, "Amazing", Some("+1 555 0100")));
    let changed = user.patch(ME, &json!({"PhoneNumber": null})).await;
    assert_eq!(changed.ok(), account_of(&grace, "Amazing", None));
    assert_eq!(user.patch(ME, &json!({})).await.ok(), account_of(&grace, "Amazing", None));
    let errors = json!({
        "FirstName": ["can't be removed"], "LastName": ["must have 1 to 100 characters"],
        "PhoneNumber": ["must have at most 40 characters"],
    });
    let bad = json!({"FirstName": null, "LastName": " ", "PhoneNumber": "0".repeat(41)});
    user.patch(ME, &bad).await.fields(&errors);
}

#[tokio::test]
async fn a_new_name_is_shown_wherever_the_account_is_an_admin() {
    let (one, other) = (tenant().await, tenant().await);
    let grace = person().await;
    for tenant in [&one, &other] {
        tenant.admin.post(ADMINS, &json!({"Email": grace.email})).await.ok();
    }
    grace.signed_in().await.patch(ME, &json!({"LastName": "Murray"})).await.ok();
    for tenant in [&one, &other] {
        let admins = tenant.admin.get(ADMINS).await.ok();
        let listed = admins.as_array().unwrap().iter().find(|admin| admin["Id"] == grace.id.as_str()).unwrap();
        assert_eq!((&listed["FirstName"], &listed["LastName"]), (&json!("Grace"), &json!("Murray")));
    }
    let third = tenant().await;
    third.admin.post(ADMINS, &json!({"Email": grace.email})).await.ok();
    let admins = third.admin.get(ADMINS).await.ok();
    assert!(admins.as_array().unwrap().iter().any(|admin| admin["LastName"] == "Murray"));
}

#[tokio::test]
async fn a_changed_password_ends_every_token_at_once() {
    let tenant = tenant().await;
    let (in_organization, grace) = tenant.second_admin().await;
    let (one, other) = (grace.signed_in().await, grace.signed_in().await);
    let change = json!({"OldPassword": PASSWORD, "Password": "a new password"});
    assert_eq!(one.post(PASSWORD_PATH, &change).await.ok(), json!({"Success": true}));
    for token in [&one, &other] {
        let access = token.post("/api/auth/access", &json!({"OrgCode": tenant.code})).await;
        access.problem(401, "The sign-in that the access token came from has ended.");
        assert_eq!(token.get(ME).await.status, 401);
        assert_eq!(token.post(PASSWORD_PATH, &change).await.status, 401);
    }
    assert_eq!(in_organization.get("/api/organization").await.status, 401);
    let login = |password: &str| json!({"Email": grace.email, "Password": password});
    assert_eq!(Anonymous.post("/api/auth/login", &login(PASSWORD)).await.status, 401);
    let again = Anonymous.post("/api/auth/login", &login("a new password")).await.ok();
    let again = Member { token: again["AccessToken"].as_str().unwrap().to_owned() };
    again.post("/api/auth/access", &json!({"OrgCode": tenant.code})).await.ok();
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_the_old_one_alone() {
    let grace = person().await;
    let user = grace.signed_in().await;
    let change = |old: &str, new: &str| json!({"OldPassword": old, "Password": new});
    let wrong = user.post(PASSWORD_PATH, &change("wrong", "a new password")).await;
    wrong.fields(&json!({"OldPassword": ["is wrong"]}));
    assert_eq!(wrong.header("ratelimit-policy"), "\"failed-tries\";q=10;w=60");
    user.post(PASSWORD_PATH, &change(PASSWORD, &grace.email))
        .await
        .fields(&json!({"Password": ["must not be the e-mail address"]}));
    user.post(PASSWORD_PATH, &json!({"OldPassword": 1})).await.fields(&json!({
        "OldPassword": ["must be a string"], "Password": ["is required"],
    }));
    Anonymous.post(PASSWORD_PATH, &change(PASSWORD, "a new password")).await.problem(401, "An access token is needed.");
    assert_eq!(user.get(ME).await.status, 200, "and nothing was changed");
}

#[tokio::test]
async fn a_machine_is_nobodys_owner() {
    let tenant = tenant().await;
    let created = tenant.admin.post("/api/organizations/api-access", &json!({"Name": unique("shop")})).await.ok();
    let key = created["ApiKey"].as_str().unwrap();
    let grace = person().await;
    let link = json!({"UserId": grace.id, "CustomerNumber": "C-1"});
    tenant.admin.post("/api/organizations/users/associate-customer", &link).await.ok();
    let request = |path: &str| Anonymous.request(reqwest::Method::POST, path).header("x-api-key", key);
    let access = request("/api/auth/access").json(&json!({"OrgCode": tenant.code, "UserId": grace.id}));
    let enriched = Anonymous.send(access).await.ok();
    let for_grace = Member { token: enriched["AccessToken"].as_str().unwrap().to_owned() };
    let refused = "This needs a token that the owner of an account asked for.";
    for_grace.get(ME).await.problem(403, refused);
    for_grace.patch(ME, &json!({"FirstName": "Mallory"})).await.problem(403, refused);
    let change = json!({"OldPassword": PASSWORD, "Password": "a new password"});
    for_grace.post(PASSWORD_PATH, &change).await.problem(403, refused);
    Anonymous.send(request(PASSWORD_PATH).json(&change)).await.problem(403, refused);
}

#[tokio::test]
async fn changes_of_different_fields_at_once_all_stay() {
    let tenant = tenant().await;
    let (_, grace) = tenant.second_admin().await;
    let user = grace.signed_in().await;
    for n in 0..5 {
        let (first, last, phone) = (format!("First {n}"), format!("Last {n}"), format!("+1 555 {n}"));
        let bodies = [json!({"FirstName": first}), json!({"LastName": last}), json!({"PhoneNumber": phone})];
        for answer in futures_util::future::join_all(bodies.iter().map(|body| user.patch(ME, body))).await {
            answer.ok();
        }
        let account = user.get(ME).await.ok();
        assert_eq!((&account["FirstName"], &account["LastName"]), (&json!(first), &json!(last)));
        assert_eq!(account["PhoneNumber"], phone);
        let admins = tenant.admin.get(ADMINS).await.ok();
        let listed = admins.as_array().unwrap().iter().find(|admin| admin["Id"] == grace.id.as_str()).unwrap();
        assert_eq!((&listed["FirstName"], &listed["LastName"]), (&json!(first), &json!(last)));
    }
}

#[tokio::test]
async fn a_token_that_has_ended_wins_over_a_body_that_cant_be_used() {
    let grace = person().await;
    let user = grace.signed_in().await;
    user.post(PASSWORD_PATH, &json!({"OldPassword": PASSWORD, "Password": "a new password"})).await.ok();
    for (method, path) in [
        (reqwest::Method::PATCH, ME),
        (reqwest::Method::POST, PASSWORD_PATH),
        (reqwest::Method::POST, "/api/auth/access"),
    ] {
        assert_eq!(user.raw(method.clone(), path, None, "{").await.status, 401, "{path}");
        assert_eq!(user.raw(method, path, Some("application/json"), "{}").await.status, 401, "{path}");
    }
}
