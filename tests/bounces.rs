//! Bounces from end to end, by the addresses of SES's mailbox simulator.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Anonymous, Caller, PASSWORD, Tenant, link_token, mails_to, tenant, unique};

const ADMINS: &str = "/api/organizations/users/admins";

/// Promotes an account, and waits until its welcome mail has come back.
async fn promoted_in_vain(tenant: &Tenant, email: &str) {
    tenant.admin.post(ADMINS, &json!({"Email": email})).await.ok();
    for _ in 0..100 {
        let admins = tenant.admin.get(&format!("{ADMINS}?include=mail")).await.ok();
        let admin = admins.as_array().unwrap().iter().find(|admin| admin["Email"] == email).unwrap().clone();
        if admin["WelcomeEmail"] == "failed" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("no bounce was told of");
}

#[tokio::test]
async fn an_address_that_bounced_is_mailed_once_it_is_proven_anew() {
    let (tenant, email) = (tenant().await, format!("bounce+{}@simulator.amazonses.com", unique("grace")));
    let account = json!({"FirstName": "Grace", "LastName": "Hopper", "Email": email, "Password": PASSWORD});
    let id: Value = Anonymous.post("/api/users", &account).await.ok()["UserId"].clone();
    Anonymous.post("/api/auth/forgot-password", &json!({"Email": email})).await;
    let link = json!({"Token": link_token(&mails_to(&email, 1).await[0]), "Password": "another password"});

    promoted_in_vain(&tenant, &email).await;
    let mails = mails_to(&email, 1).await.len();
    tenant.admin.delete(ADMINS, &json!({"UserId": id})).await.ok();
    promoted_in_vain(&tenant, &email).await;
    assert_eq!(mails_to(&email, mails).await.len(), mails, "the second welcome is not sent");

    Anonymous.post("/api/auth/reset-password", &link).await.ok();
    tenant.admin.delete(ADMINS, &json!({"UserId": id})).await.ok();
    tenant.admin.post(ADMINS, &json!({"Email": email})).await.ok();
    // The notice of the new password, and the welcome unless the notice has bounced before it.
    let subjects: Vec<_> = mails_to(&email, mails + 1).await.iter().map(|mail| mail["Subject"].clone()).collect();
    assert!(subjects[mails..].iter().any(|subject| *subject != "Set a new password"), "{subjects:?}");
}
