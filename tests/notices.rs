//! What an account's owner, or an organization's admins, are told by mail because somebody else may have done it.

use serde_json::{Value, json};

use crate::support::{Anonymous, Caller, PASSWORD, link_token, mails_to, person, tenant, unique};

const CHANGED: &str = "Your password was changed";
const NEW_PASSWORD: &str = "another good password";

/// The subjects of the mails to an address, once there are so many.
async fn subjects(address: &str, count: usize) -> Vec<String> {
    let mails = mails_to(address, count).await;
    let mut subjects: Vec<_> = mails.iter().map(|mail| mail["Subject"].as_str().unwrap().to_owned()).collect();
    subjects.sort_unstable();
    subjects
}

async fn reset(mail: &Value, password: &str) {
    let reset = json!({"Token": link_token(mail), "Password": password});
    Anonymous.post("/api/auth/reset-password", &reset).await.ok();
}

#[tokio::test]
async fn a_changed_and_a_reset_password_are_told_to_the_accounts_owner() {
    let grace = person().await;
    let user = grace.signed_in().await;
    let change = json!({"OldPassword": PASSWORD, "Password": NEW_PASSWORD});
    user.post("/api/users/me/password", &change).await.ok();
    assert_eq!(subjects(&grace.email, 1).await, [CHANGED]);
    Anonymous.post("/api/auth/forgot-password", &json!({"Email": grace.email})).await;
    let mails = mails_to(&grace.email, 2).await;
    reset(mails.iter().find(|mail| mail["Subject"] == "Set a new password").unwrap(), PASSWORD).await;
    assert_eq!(subjects(&grace.email, 3).await, ["Set a new password", CHANGED, CHANGED]);
    let mails = mails_to(&grace.email, 3).await;
    let told = mails.iter().find(|mail| mail["Subject"] == CHANGED).unwrap();
    let text = told["Text"].as_str().unwrap();
    assert!(text.starts_with("Hello Grace,\n\nThe password of your account was changed"), "{text}");
    assert!(!text.contains("http"), "a warning leads nowhere: {text}");
}

#[tokio::test]
async fn a_first_password_is_told_to_nobody_and_a_refused_change_neither() {
    let ada = tenant().await;
    let email = format!("{}@person.example", unique("grace"));
    let invitation = json!({"FirstName": "Grace", "LastName": "Hopper", "Email": email});
    ada.admin.post("/api/users", &invitation).await.ok();
    reset(&mails_to(&email, 1).await[0], PASSWORD).await;
    let wrong = json!({"OldPassword": "wrong", "Password": NEW_PASSWORD});
    assert_eq!(ada.admin.post("/api/users/me/password", &wrong).await.status, 400);
    // Whatever was put before is in the mailbox by now.
    ada.promote(&email).await;
    let all = subjects(&email, 2).await;
    assert!(!all.contains(&CHANGED.to_owned()), "{all:?}");
    assert!(!subjects(&ada.email, 1).await.contains(&CHANGED.to_owned()));
}

#[tokio::test]
async fn a_new_api_key_is_told_to_every_admin_once() {
    let ada = tenant().await;
    let (_, grace) = ada.second_admin().await;
    let made = || {
        let request = ada.admin.request(reqwest::Method::POST, "/api/organizations/api-access");
        ada.admin.send(request.json(&json!({"Name": "ERP"})).header("idempotency-key", "once"))
    };
    made().await.ok();
    assert_eq!(made().await.status, 409);
    for email in [&ada.email, &grace.email] {
        let all = subjects(email, 2).await;
        assert_eq!(all[0], format!("A new API key for {}", ada.name), "before the welcome by the alphabet");
        assert_eq!(all.len(), 2, "{all:?}");
    }
}
