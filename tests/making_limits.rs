//! Limits on what strangers can make, each on a bundle of its own, since the shared one has none.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use futures_util::future::join_all;
use local::{Bundle, Options};
use reqwest::Method;
use serde_json::{Value, json};
use shared::clock::now;

use crate::support::{Answer, Caller, Elsewhere, PASSWORD, mails_at, start_bundle, unique};

const CREATIONS: &str = "Too many accounts and organizations were made from this network; try again later.";
const MAILS: &str = "Too many mails were asked for from this network; try again later.";
const INVITATIONS: &str =
    "This organization has invited and promoted as many new people as it may in a day; try again later.";
const ORGANIZATIONS: &str = "/api/organizations";
const USERS: &str = "/api/users";
const ADMINS: &str = "/api/organizations/users/admins";
const FORGOT: &str = "/api/auth/forgot-password";

/// A bundle with limits, at an hour of the clock that lasts for the test: a new one would begin another window.
async fn limited(options: Options) -> Bundle {
    let left = 3600 - now() % 3600;
    if left < 120 {
        tokio::time::sleep(Duration::from_secs(left + 1)).await;
    }
    start_bundle(&options).await.unwrap()
}

/// A caller of the bundle at a loopback address of its own.
fn from(bundle: &Bundle, last: u8) -> Elsewhere {
    let source = Some(IpAddr::V4(Ipv4Addr::new(127, 9, 1, last)));
    Elsewhere { url: Some(bundle.url()), source, token: None }
}

fn address(name: &str) -> String {
    format!("{}@stranger.example", unique(name))
}

fn sign_up(email: &str) -> Value {
    json!({"FirstName": "Grace", "LastName": "Hopper", "Email": email, "Password": PASSWORD})
}

fn founding(email: &str) -> Value {
    json!({"Organization": {"Name": unique("Org")}, "User": sign_up(email)})
}

/// Asserts the whole refusal, and that it says when the window ends.
#[track_caller]
fn refused(answer: &Answer, detail: &str, window: u64) {
    answer.problem(429, detail);
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=window).contains(&seconds), "{answer:?}");
}

/// A new organization's admin, and its code.
async fn admin(anyone: &Elsewhere) -> (Elsewhere, String) {
    let email = address("ada");
    let code = anyone.post(ORGANIZATIONS, &founding(&email)).await.ok()["Slug"].clone();
    let login = json!({"Email": email, "Password": PASSWORD, "OrgCode": code});
    let token = anyone.post("/api/auth/login", &login).await.ok()["AccessToken"].as_str().unwrap().to_owned();
    (Elsewhere { token: Some(token), ..anyone.clone() }, email)
}

#[tokio::test]
async fn one_source_makes_so_many_accounts_and_organizations_an_hour() {
    let bundle = limited(Options { max_creations_per_source: 3, ..Options::in_memory() }).await;
    let (here, elsewhere) = (from(&bundle, 1), from(&bundle, 2));
    let grace = address("grace");
    let once = async |body: &Value| {
        here.send(here.request(Method::POST, ORGANIZATIONS).header("idempotency-key", "once").json(body)).await
    };

    here.post(USERS, &sign_up(&grace)).await.ok();
    let founded = founding(&address("ada"));
    once(&founded).await.ok();
    // What is refused or replayed makes nothing, and counts nothing.
    assert_eq!(here.post(USERS, &sign_up("grace")).await.status, 400);
    assert_eq!(here.post(USERS, &sign_up(&grace)).await.status, 400);
    let mut wrong = founding(&grace);
    wrong["User"]["Password"] = json!("another password");
    assert_eq!(here.post(ORGANIZATIONS, &wrong).await.status, 400);
    assert_eq!(once(&founded).await.header("idempotency-replayed"), "true");
    here.post(ORGANIZATIONS, &founding(&grace)).await.ok();

    refused(&here.post(USERS, &sign_up(&address("eve"))).await, CREATIONS, 3600);
    refused(&here.post(ORGANIZATIONS, &founding(&address("eve"))).await, CREATIONS, 3600);
    refused(&here.post(ORGANIZATIONS, &founding(&grace)).await, CREATIONS, 3600);
    assert_eq!(once(&founded).await.header("idempotency-replayed"), "true");
    // The owner of an account signs in, and another network makes what it likes.
    here.post("/api/auth/login", &json!({"Email": grace, "Password": PASSWORD})).await.ok();
    elsewhere.post(ORGANIZATIONS, &founding(&grace)).await.ok();
    bundle.stop().await;
}

#[tokio::test]
async fn ten_sign_ups_at_once_make_no_more_accounts_than_the_limit() {
    let bundle = limited(Options { max_creations_per_source: 4, ..Options::in_memory() }).await;
    let here = from(&bundle, 3);
    let bodies: Vec<_> = (0..10).map(|_| sign_up(&address("grace"))).collect();
    let answers = join_all(bodies.iter().map(|body| here.post(USERS, body))).await;
    let made = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(made, 4);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        refused(answer, CREATIONS, 3600);
    }
    bundle.stop().await;
}

#[tokio::test]
async fn one_source_asks_for_so_many_mails_an_hour_whoever_has_an_account() {
    let bundle = limited(Options { max_mails_per_source: 4, ..Options::in_memory() }).await;
    let (here, elsewhere) = (from(&bundle, 4), from(&bundle, 5));
    let (grace, nobody) = (address("grace"), address("nobody"));
    here.post(USERS, &sign_up(&grace)).await.ok();
    let ask = async |caller: &Elsewhere, email: &str| caller.post(FORGOT, &json!({"Email": email})).await;
    for email in [&grace, &nobody, &grace, &nobody] {
        assert_eq!(ask(&here, email).await.status, 202);
    }
    for email in [&grace, &nobody] {
        refused(&ask(&here, email).await, MAILS, 3600);
        assert_eq!(ask(&elsewhere, email).await.status, 202);
    }
    assert_eq!(mails_at(&elsewhere, &grace, 3).await.len(), 3);
    bundle.stop().await;
}

#[tokio::test]
async fn a_source_over_its_limit_uses_up_no_addresss_resets() {
    let bundle = limited(Options { max_mails_per_source: 1, ..Options::in_memory() }).await;
    let (here, elsewhere) = (from(&bundle, 6), from(&bundle, 7));
    let grace = address("grace");
    here.post(USERS, &sign_up(&grace)).await.ok();
    assert_eq!(here.post(FORGOT, &json!({"Email": address("nobody")})).await.status, 202);
    for _ in 0..5 {
        refused(&here.post(FORGOT, &json!({"Email": grace})).await, MAILS, 3600);
    }
    assert_eq!(elsewhere.post(FORGOT, &json!({"Email": grace})).await.status, 202);
    assert_eq!(mails_at(&elsewhere, &grace, 1).await.len(), 1);
    bundle.stop().await;
}

#[tokio::test]
async fn an_organization_invites_and_promotes_so_many_strangers_a_day() {
    let bundle = limited(Options { max_invitations_per_day: 3, ..Options::in_memory() }).await;
    let anyone = from(&bundle, 8);
    let ((ada, own_address), (other, _)) = (admin(&anyone).await, admin(&anyone).await);
    let invitation = |email: &str| json!({"FirstName": "Ida", "LastName": "Rhodes", "Email": email});
    let mut people = Vec::new();
    for _ in 0..3 {
        let email = address("grace");
        let user = anyone.post(USERS, &sign_up(&email)).await.ok();
        people.push((email, user["UserId"].clone()));
    }
    let promotion = |number: usize| json!({"Email": people[number].0});
    let associated = json!({"UserId": people[0].1, "CustomerNumber": "C-1"});
    ada.post("/api/organizations/users/associate-customer", &associated).await.ok();

    ada.post(USERS, &invitation(&address("ida"))).await.ok();
    let once = async || {
        let request = ada.request(Method::POST, USERS).header("idempotency-key", "once");
        ada.send(request.json(&invitation("ida@rhodes.example"))).await
    };
    once().await.ok();
    assert_eq!(once().await.header("idempotency-replayed"), "true");
    assert_eq!(ada.post(USERS, &invitation("ida")).await.status, 400);
    assert_eq!(ada.post(USERS, &invitation(&own_address)).await.status, 400, "a member is invited to nothing");
    ada.post(ADMINS, &promotion(1)).await.ok();

    refused(&ada.post(USERS, &invitation(&address("ida"))).await, INVITATIONS, 24 * 3600);
    refused(&ada.post(ADMINS, &promotion(2)).await, INVITATIONS, 24 * 3600);
    assert_eq!(once().await.header("idempotency-replayed"), "true");
    // A member of the organization is no stranger, and another organization has a limit of its own.
    ada.post(ADMINS, &promotion(1)).await.ok();
    ada.post(ADMINS, &json!({"Email": own_address})).await.ok();
    ada.post(ADMINS, &promotion(0)).await.ok();
    other.post(ADMINS, &promotion(2)).await.ok();
    other.post(USERS, &invitation(&address("ida"))).await.ok();
    bundle.stop().await;
}
