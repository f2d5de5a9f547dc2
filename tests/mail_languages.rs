//! The language of a mail: the organization's, where the mail is about one; otherwise what the person's browser asked for
//! at sign-up.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Anonymous, Caller, PASSWORD, link_token, mails_to, person, tenant, unique};

const ORGANIZATION: &str = "/api/organization";

/// Sends a request as a browser that prefers German does.
async fn in_german(request: RequestBuilder) -> Value {
    Anonymous.send(request.header("accept-language", "de-AT, en;q=0.8")).await.ok()
}

fn new_user(email: &str) -> Value {
    json!({"FirstName": "Grace", "LastName": "Hopper", "Email": email, "Password": PASSWORD})
}

async fn subject_to(email: &str, count: usize) -> String {
    mails_to(email, count).await[count - 1]["Subject"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn mails_about_an_organization_have_its_language() {
    let tenant = tenant().await;
    let change = json!({"Language": "DE"});
    let changed = tenant.admin.patch(ORGANIZATION, &change).await.ok();
    assert_eq!(changed["Organization"]["Language"], "de");
    let grace = person().await;
    tenant.promote(&grace.email).await;
    let welcome = &mails_to(&grace.email, 1).await[0];
    assert_eq!(welcome["Subject"], format!("Sie sind nun Admin von {}", tenant.name));
    let text = welcome["Text"].as_str().unwrap();
    let said = format!("Guten Tag Grace,\n\nAda Lovelace hat Sie zum Admin von {} gemacht.", tenant.name);
    assert!(text.starts_with(&said), "{text}");
    assert!(welcome["Html"].as_str().unwrap().contains("<html lang=\"de\">"), "{welcome}");

    let email = format!("{}@new.example", unique("ida"));
    tenant.admin.post("/api/organizations/invitations", &json!({"Email": email, "Roles": ["admin"]})).await;
    assert_eq!(subject_to(&email, 1).await, format!("{} lädt Sie ein", tenant.name));
    let changed = tenant.admin.patch(ORGANIZATION, &json!({"Language": null})).await.ok();
    assert_eq!(changed["Organization"].get("Language"), None);
}

#[tokio::test]
async fn a_language_that_mails_do_not_have_is_refused() {
    let tenant = tenant().await;
    let refused = tenant.admin.patch(ORGANIZATION, &json!({"Language": "fr"})).await;
    assert_eq!(refused.json()["codes"], json!({"Language": ["not_allowed"]}));
    refused.fields(&json!({"Language": ["must be one of en, de"]}));
    let founding = json!({"Organization": {"Name": unique("Org"), "Language": 1}, "User": new_user("a@new.example")});
    let refused = Anonymous.post("/api/organizations", &founding).await;
    refused.fields(&json!({"Organization.Language": ["must be a string"]}));
}

#[tokio::test]
async fn mails_about_an_account_have_the_language_that_was_asked_for_at_sign_up() {
    let email = format!("{}@new.example", unique("grace"));
    in_german(Anonymous.request(Method::POST, "/api/users").json(&new_user(&email))).await;
    Anonymous.post("/api/auth/forgot-password", &json!({"Email": email})).await;
    assert_eq!(subject_to(&email, 1).await, "Neues Passwort setzen");

    let (email, name) = (format!("{}@new.example", unique("grace")), unique("Org"));
    let founding = json!({"Organization": {"Name": name}, "User": new_user(&email)});
    in_german(Anonymous.request(Method::POST, "/api/organizations").json(&founding)).await;
    assert_eq!(subject_to(&email, 1).await, format!("{name} ist eingerichtet"), "the organization says no language");

    let (email, name) = (format!("{}@new.example", unique("grace")), unique("Org"));
    let founding = json!({"Organization": {"Name": name, "Language": "en"}, "User": new_user(&email)});
    in_german(Anonymous.request(Method::POST, "/api/organizations").json(&founding)).await;
    assert_eq!(subject_to(&email, 1).await, format!("{name} is ready"), "the organization says one");
}

#[tokio::test]
async fn who_accepts_an_invitation_gets_the_language_of_the_browser_from_then_on() {
    let tenant = tenant().await;
    let email = format!("{}@new.example", unique("ida"));
    let invitation = json!({"Email": email, "FirstName": "Ida", "LastName": "Rhodes", "Roles": ["admin"]});
    tenant.admin.post("/api/organizations/invitations", &invitation).await;
    let acceptance = json!({"Token": link_token(&mails_to(&email, 1).await[0]), "Password": PASSWORD});
    in_german(Anonymous.request(Method::POST, "/api/invitations/accept").json(&acceptance)).await;
    Anonymous.post("/api/auth/forgot-password", &json!({"Email": email})).await;
    assert_eq!(subject_to(&email, 2).await, "Neues Passwort setzen");
}
