//! Links for a forgotten password.

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{Anonymous, Caller, Member, PASSWORD, link_token, mails_to, person, tenant, unique};

use super::{FORGOT, USERS, invitation, reset, sign_in, tokens};

#[tokio::test]
async fn a_forgotten_password_is_reset_by_the_mailed_link_which_ends_every_user_token() {
    let tenant = tenant().await;
    let grace = person().await;
    tenant.admin.post("/api/organizations/users/admins", &json!({"Email": grace.email})).await.ok();
    let before = grace.signed_in().await;
    let access = json!({"OrgCode": tenant.code});
    before.post("/api/auth/access", &access).await.ok();

    let asked = Anonymous.post(FORGOT, &json!({"Email": grace.email.to_uppercase()})).await;
    assert_eq!((asked.status, asked.text.as_str()), (202, ""));
    let mails = mails_to(&grace.email, 2).await;
    let mail = mails.iter().find(|mail| mail["Subject"] == "Set a new password").unwrap();
    before.post("/api/auth/access", &access).await.ok();
    reset(&link_token(mail), "a new password").await.ok();

    let ended = before.post("/api/auth/access", &access).await;
    ended.problem(401, "The sign-in that the access token came from has ended.");
    assert!(ended.header("www-authenticate").contains("error=\"invalid_token\""));
    assert_eq!(before.get("/api/users/me").await.status, 401);
    assert_eq!(sign_in(&grace.email, PASSWORD).await.status, 401);
    let after = sign_in(&grace.email, "a new password").await.ok();
    let after = Member { token: after["AccessToken"].as_str().unwrap().to_owned() };
    after.post("/api/auth/access", &access).await.ok();
    assert_eq!(after.get("/api/users/me").await.ok()["EmailVerified"], true, "the link proves the address");
}

#[tokio::test]
async fn whoever_asks_for_a_reset_learns_nothing_and_at_most_three_mails_follow() {
    let grace = person().await;
    for email in [unique("nobody") + "@person.example", "no address".to_owned(), "x".repeat(3000)] {
        let asked = Anonymous.post(FORGOT, &json!({"Email": email})).await;
        assert_eq!((asked.status, asked.text.as_str()), (202, ""));
    }
    Anonymous.post(FORGOT, &json!({})).await.fields(&json!({"Email": ["is required"]}));
    let nobody = unique("nobody") + "@person.example";
    let (known, unknown) = (
        Anonymous.post(FORGOT, &json!({"Email": grace.email})).await,
        Anonymous.post(FORGOT, &json!({"Email": nobody})).await,
    );
    // A deployment counts what a source asks for in the same transaction.
    assert_eq!(known.header("server-timing"), unknown.header("server-timing"));
    assert!(known.header("server-timing").contains("calls=1 attempts=1 round_trips=1 "), "{known:?}");
    for _ in 0..4 {
        assert_eq!(Anonymous.post(FORGOT, &json!({"Email": grace.email})).await.status, 202);
    }
    let asked = join_all((0..7).map(|_| async { Anonymous.post(FORGOT, &json!({"Email": grace.email})).await })).await;
    assert!(asked.iter().all(|answer| answer.status == 202), "{asked:?}");
    mails_to(&grace.email, 3).await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let mails = mails_to(&grace.email, 3).await;
    assert_eq!(mails.len(), 3);
    let living = mails.iter().map(link_token).collect::<Vec<_>>();
    let mut used = 0;
    for token in living.iter().rev() {
        used += u32::from(reset(token, PASSWORD).await.status == 200);
    }
    assert_eq!(used, 1, "the first that sets a password ends the others");
}

#[tokio::test]
async fn a_reset_that_a_stranger_asks_for_leaves_a_pending_invitation_good() {
    let tenant = tenant().await;
    let email = format!("{}@person.example", unique("grace"));
    tenant.admin.post(USERS, &invitation(&email)).await.ok();
    let invited = tokens(&email, 1).await.remove(0);
    for _ in 0..4 {
        assert_eq!(Anonymous.post(FORGOT, &json!({"Email": email})).await.status, 202);
    }
    // Nothing follows where there is no account.
    tokens(&email, 1).await;
    reset(&invited, PASSWORD).await.ok();
    assert_eq!(sign_in(&email, PASSWORD).await.status, 200);
}
