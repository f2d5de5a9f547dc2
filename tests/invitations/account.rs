//! `POST /api/users` by an admin: an invitation without a role, which tells the account of the address or the one to come.

use super::*;

const RESET: &str = "/api/auth/reset-password";

fn user(email: &str) -> Value {
    json!({"FirstName": "Grace", "LastName": "Hopper", "Email": email, "PhoneNumber": "+1 555 0100"})
}

#[tokio::test]
async fn a_user_who_is_made_without_a_password_is_invited_without_a_role() {
    let tenant = tenant().await;
    let email = address("grace");
    let made = tenant.admin.post(USERS, &user(&email)).await.ok();
    let id = &made["UserId"];
    assert_eq!(made, json!({"UserId": id, "Email": email, "FirstName": "Grace", "LastName": "Hopper"}));
    let invitations = tenant.admin.get(INVITATIONS).await.ok();
    assert_eq!((&invitations[0]["Email"], &invitations[0]["Roles"]), (&json!(email), &json!([])));
    let token = tokens(&email, 1).await.remove(0);
    // A person without an account may set the password by the page of forgotten ones, too.
    Anonymous.post(RESET, &json!({"Token": token, "Password": PASSWORD})).await.ok();
    let signed_in = Anonymous.post(LOGIN, &json!({"Email": email, "Password": PASSWORD})).await.ok();
    assert_eq!((&signed_in["UserId"], &signed_in["Organizations"]), (id, &json!([])));
    let grace = Member { token: signed_in["AccessToken"].as_str().unwrap().to_owned() };
    assert_eq!(grace.get("/api/users/me").await.ok()["PhoneNumber"], "+1 555 0100");
    assert_eq!(listed(&tenant, "").await[0].1, "accepted");
}

#[tokio::test]
async fn whoever_invites_is_told_the_id_that_the_account_has_or_will_have() {
    let (one, other) = (tenant().await, tenant().await);
    let email = address("grace");
    invite(&one, &json!({"Email": email, "Roles": ["admin"]})).await;
    let told = other.admin.post(USERS, &user(&email)).await.ok()["UserId"].clone();
    assert_eq!(one.admin.post(USERS, &user(&email)).await.ok()["UserId"], told);
    let token = tokens(&email, 3).await.remove(0);
    let names = json!({"Token": token, "Password": PASSWORD, "FirstName": "G", "LastName": "H"});
    assert_eq!(accept(&names).await.ok()["UserId"], told);
    let third = tenant().await;
    assert_eq!(third.admin.post(USERS, &user(&email)).await.ok()["UserId"], told, "the account's own");
    let names = third.admin.post(USERS, &user(&email)).await.ok();
    assert_eq!(
        (&names["FirstName"], &names["LastName"]),
        (&json!("Grace"), &json!("Hopper")),
        "as the caller sent them"
    );
}

#[tokio::test]
async fn the_link_of_an_invitation_changes_no_password_of_an_account() {
    let tenant = tenant().await;
    let grace = person().await;
    tenant.admin.post(USERS, &user(&grace.email)).await.ok();
    let token = tokens(&grace.email, 1).await.remove(0);
    Anonymous.post(RESET, &json!({"Token": token, "Password": "another good one"})).await.fields(&dead());
    accept(&json!({"Token": token})).await.ok();
    Anonymous.post(LOGIN, &json!({"Email": grace.email, "Password": PASSWORD})).await.ok();
}

#[tokio::test]
async fn a_link_of_the_version_before_still_sets_the_first_password() {
    let tenant = tenant().await;
    let (email, token, _) = invited(&tenant, &json!({})).await;
    let (link, id) = (token.split_once('.').unwrap().0, shared::ids::UserId::random());
    // As the version before wrote the account that it made, and the link.
    let shared = json!({
        "user_id": id, "email": email, "first_name": "Grace", "last_name": "Hopper", "session_id": "one", "proven": false,
    });
    let with = |more: Value| {
        let mut item = shared.as_object().unwrap().clone();
        item.extend(more.as_object().unwrap().clone());
        Value::Object(item)
    };
    let credential =
        json!({"pk": format!("EMAIL#{email}"), "sk": "EMAIL", "revision": "1", "password_generation": "a"});
    put_item(with(credential)).await;
    put_item(with(json!({"pk": format!("USER#{id}"), "sk": "USER", "created_at": "2026-01-01T00:00:00Z"}))).await;
    put_item(json!({
        "pk": format!("LINK#{link}"), "sk": "LINK", "kind": "invitation", "address": email, "password_generation": "a",
        "expires_at": now() + HOUR,
    }))
    .await;
    accept(&json!({"Token": token})).await.fields(&dead());
    Anonymous.post(RESET, &json!({"Token": token, "Password": PASSWORD})).await.ok();
    let signed_in = Anonymous.post(LOGIN, &json!({"Email": email, "Password": PASSWORD})).await.ok();
    assert_eq!(signed_in["UserId"], id.as_str());
}
