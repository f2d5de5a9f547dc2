//! Mailed links: invitations, forgotten passwords, and what using one does.

mod invitations;
mod resets;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Anonymous, Answer, Caller, PASSWORD, delete_item, dynamodb, link_token, mails_to, person, put_item, tenant, unique,
};

const USERS: &str = "/api/users";
const ADMINS: &str = "/api/organizations/users/admins";
const FORGOT: &str = "/api/auth/forgot-password";
const RESET: &str = "/api/auth/reset-password";
const LOGIN: &str = "/api/auth/login";

async fn sign_in(email: &str, password: &str) -> Answer {
    Anonymous.post(LOGIN, &json!({"Email": email, "Password": password})).await
}

async fn reset(token: &str, password: &str) -> Answer {
    Anonymous.post(RESET, &json!({"Token": token, "Password": password})).await
}

/// What a link that can't be used is answered.
fn dead() -> Value {
    json!({"Token": ["is used, void or expired"]})
}

/// Asks whether a link of the address could be used, without using it: a dead one would be the answer.
async fn assert_good(token: &str, email: &str) {
    reset(token, email).await.fields(&json!({"Password": ["must not be the e-mail address"]}));
}

/// The tokens of all mails to the address, once there are `count` of them, which is also all that comes.
async fn tokens(email: &str, count: usize) -> Vec<String> {
    mails_to(email, count).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let mails = mails_to(email, count).await;
    assert_eq!(mails.len(), count, "{mails:?}");
    mails.iter().map(link_token).collect()
}

fn invitation(email: &str) -> Value {
    json!({"FirstName": "Grace", "LastName": "Hopper", "Email": email})
}

#[tokio::test]
async fn two_links_of_an_account_used_at_once_set_one_password_and_the_other_link_is_dead() {
    let (one, other) = (tenant().await, tenant().await);
    for _ in 0..5 {
        let email = format!("{}@person.example", unique("grace"));
        one.admin.post(USERS, &invitation(&email)).await.ok();
        other.admin.post(USERS, &invitation(&email)).await.ok();
        let tokens = tokens(&email, 2).await;
        let passwords = ["the first password", "the second password"];
        let (first, second) = tokio::join!(reset(&tokens[0], passwords[0]), reset(&tokens[1], passwords[1]));
        let winner = usize::from(first.status != 200);
        let (won, lost) = if winner == 0 { (first, second) } else { (second, first) };
        assert_eq!(won.ok(), json!({"Success": true}));
        lost.fields(&dead());
        assert_eq!(sign_in(&email, passwords[winner]).await.status, 200);
        assert_eq!(sign_in(&email, passwords[1 - winner]).await.status, 401);
    }
}

#[tokio::test]
async fn a_changed_password_ends_every_link_from_before() {
    let grace = person().await;
    let user = grace.signed_in().await;
    for _ in 0..2 {
        Anonymous.post(FORGOT, &json!({"Email": grace.email})).await;
    }
    let tokens = tokens(&grace.email, 2).await;
    let change = json!({"OldPassword": PASSWORD, "Password": "a new password"});
    user.post("/api/users/me/password", &change).await.ok();
    for token in &tokens {
        reset(token, "another password").await.fields(&dead());
    }
}

#[tokio::test]
async fn a_link_from_before_generations_is_good_until_a_newer_link_is_used() {
    let table = &crate::support::server().table;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    for newer_is_used in [false, true] {
        let grace = person().await;
        Anonymous.post(FORGOT, &json!({"Email": grace.email})).await;
        let old = tokens(&grace.email, 1).await.remove(0);
        let id = old.split_once('.').unwrap().0;
        // As the version before wrote both items.
        let link = dynamodb().update_item().table_name(table).key("pk", text(&format!("LINK#{id}")));
        let link = link.key("sk", text("LINK")).update_expression("REMOVE password_generation");
        link.send().await.unwrap();
        let credential = dynamodb().update_item().table_name(table).key("pk", text(&format!("EMAIL#{}", grace.email)));
        let credential = credential.key("sk", text("EMAIL")).expression_attribute_values(":id", text(id));
        credential.update_expression("SET link_id = :id REMOVE password_generation").send().await.unwrap();

        Anonymous.post(FORGOT, &json!({"Email": grace.email})).await;
        let newer = tokens(&grace.email, 2).await.into_iter().find(|token| *token != old).unwrap();
        let (first, second) = if newer_is_used { (&newer, &old) } else { (&old, &newer) };
        assert_good(second, &grace.email).await;
        reset(first, "a new password").await.ok();
        reset(second, "another password").await.fields(&dead());
        assert_eq!(sign_in(&grace.email, "a new password").await.status, 200);
    }
}

#[tokio::test]
async fn one_link_used_by_eight_at_once_sets_one_password() {
    let grace = person().await;
    Anonymous.post(FORGOT, &json!({"Email": grace.email})).await;
    let token = link_token(&mails_to(&grace.email, 1).await[0]);
    let passwords: Vec<_> = (0..8).map(|n| format!("password number {n}")).collect();
    let answers = join_all(passwords.iter().map(|password| reset(&token, password))).await;
    let winners: Vec<_> =
        passwords.iter().zip(&answers).filter(|(_, answer)| answer.status == 200).map(|(word, _)| word).collect();
    assert_eq!(winners.len(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.fields(&dead());
    }
    assert_eq!(sign_in(&grace.email, winners[0]).await.status, 200);
}

#[tokio::test]
async fn a_made_up_altered_or_expired_link_is_dead() {
    let grace = person().await;
    Anonymous.post(FORGOT, &json!({"Email": grace.email})).await;
    let token = link_token(&mails_to(&grace.email, 1).await[0]);
    let (id, mac) = token.split_once('.').unwrap();
    let other = shared::ids::LinkId::random();
    for made_up in ["", ".", id, &format!("{id}."), &format!("{other}.{mac}"), &format!("{token}A"), &mac.repeat(50)] {
        let answer = Anonymous.post(RESET, &json!({"Token": made_up, "Password": PASSWORD})).await;
        answer.fields(&dead());
    }
    Anonymous.post(RESET, &json!({})).await.fields(&json!({"Token": ["is required"], "Password": ["is required"]}));
    // The table keeps what has ended for a while.
    delete_item(format!("LINK#{id}"), "LINK").await;
    put_item(json!({
        "pk": format!("LINK#{id}"), "sk": "LINK", "kind": "reset", "address": grace.email,
        "expires_at": shared::clock::now() - 1,
    }))
    .await;
    reset(&token, "another password").await.fields(&dead());
    assert_eq!(sign_in(&grace.email, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn the_page_that_a_link_opens_loads_nothing_and_tells_nobody_its_address() {
    let page = Anonymous.send(Anonymous.request(Method::GET, "/account/set-password?token=x")).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    assert!(!page.text.contains("src=") && !page.text.contains("http"), "nothing from elsewhere");
    assert!(page.text.contains("history.replaceState"));
}
