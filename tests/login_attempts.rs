//! Limits on failed login attempts: for one address from one source, and for one address from everywhere.

use std::net::{IpAddr, Ipv4Addr};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Answer, Caller, Elsewhere, PASSWORD, person, tenant, unique};

const LOGIN: &str = "/api/auth/login";
const TOO_MANY: &str = "Too many wrong passwords for this e-mail address; try again later.";

/// A caller at a loopback address of its own.
fn at(last: u8) -> Elsewhere {
    let source = Some(IpAddr::V4(Ipv4Addr::new(127, 9, 0, last)));
    Elsewhere { source, ..Elsewhere::default() }
}

fn login(email: &str, password: &str) -> Value {
    json!({"Email": email, "Password": password})
}

fn statuses(answers: &[Answer]) -> (usize, usize, usize) {
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    (count(200), count(401), count(429))
}

#[tokio::test]
async fn ten_wrong_passwords_from_one_source_are_answered_and_then_none() {
    let grace = person().await;
    let here = at(1);
    for left in (0..10).rev() {
        let answer = here.post(LOGIN, &login(&grace.email, "wrong")).await;
        answer.problem(401, "The e-mail address or the password is wrong.");
        assert_eq!(answer.header("ratelimit-policy"), "\"failed-tries\";q=10;w=60");
        assert!(answer.header("ratelimit").starts_with(&format!("\"failed-tries\";r={left};t=")), "{answer:?}");
    }
    for (password, email) in [("wrong", grace.email.clone()), (PASSWORD, grace.email.to_uppercase())] {
        let answer = here.post(LOGIN, &login(&email, password)).await;
        answer.problem(429, TOO_MANY);
        let seconds: u64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&seconds));
        assert_eq!(answer.header("ratelimit"), format!("\"failed-tries\";r=0;t={seconds}"));
    }
    at(2).post(LOGIN, &login(&grace.email, PASSWORD)).await.ok();
    at(1).post(LOGIN, &login(&person().await.email, PASSWORD)).await.ok();
}

#[tokio::test]
async fn an_unknown_address_has_the_same_limit() {
    let nobody = format!("{}@nobody.example", unique("x"));
    let here = at(3);
    let answers = join_all((0..13).map(|_| async { here.post(LOGIN, &login(&nobody, "wrong")).await })).await;
    assert_eq!(statuses(&answers), (0, 10, 3));
}

#[tokio::test]
async fn fifty_guesses_at_once_are_limited_as_one_after_another() {
    let grace = person().await;
    let here = at(4);
    let answers = join_all((0..50).map(|_| async { here.post(LOGIN, &login(&grace.email, "wrong")).await })).await;
    assert_eq!(statuses(&answers), (0, 10, 40));
    assert_eq!(here.post(LOGIN, &login(&grace.email, PASSWORD)).await.status, 429);
}

#[tokio::test]
async fn many_right_passwords_at_once_are_no_failures() {
    let grace = person().await;
    let here = at(5);
    let answers = join_all((0..30).map(|_| async { here.post(LOGIN, &login(&grace.email, PASSWORD)).await })).await;
    assert_eq!(statuses(&answers), (30, 0, 0));
}

#[tokio::test]
async fn nobody_is_locked_out_by_failures_in_his_name_from_elsewhere() {
    let grace = person().await;
    let everywhere: Vec<_> = (20..32).map(at).collect();
    let guesses = everywhere
        .iter()
        .flat_map(|source| (0..9).map(|_| async { source.post(LOGIN, &login(&grace.email, "wrong")).await }));
    let answers = join_all(guesses).await;
    assert_eq!(statuses(&answers), (0, 100, 8), "one hundred for one address");
    // The address is exhausted: a source that failed waits, and a right password from elsewhere gets in.
    at(20).post(LOGIN, &login(&grace.email, PASSWORD)).await.problem(429, TOO_MANY);
    at(40).post(LOGIN, &login(&grace.email, "wrong")).await.problem(429, TOO_MANY);
    at(41).post(LOGIN, &login(&grace.email, PASSWORD)).await.ok();
}

#[tokio::test]
async fn creating_an_organization_with_an_account_shares_the_limit() {
    let tenant = tenant().await;
    let here = at(50);
    let body = |password: &str| {
        json!({
            "Organization": {"Name": unique("Org")},
            "User": {"FirstName": "A", "LastName": "B", "Email": tenant.email, "Password": password},
        })
    };
    for _ in 0..5 {
        let wrong = here.post("/api/organizations", &body("wrong password")).await;
        wrong.fields(&json!({"User.Email": ["has an account already, which has another password"]}));
        assert_eq!(wrong.header("ratelimit-policy"), "\"failed-tries\";q=10;w=60");
        assert_eq!(here.post(LOGIN, &login(&tenant.email, "wrong")).await.status, 401);
    }
    here.post("/api/organizations", &body("wrong password")).await.problem(429, TOO_MANY);
    here.post("/api/organizations", &body(PASSWORD)).await.problem(429, TOO_MANY);
    here.post(LOGIN, &login(&tenant.email, PASSWORD)).await.problem(429, TOO_MANY);
    at(51).post("/api/organizations", &body(PASSWORD)).await.ok();
}

#[tokio::test]
async fn a_header_is_no_source() {
    let grace = person().await;
    let here = at(60);
    let mut answers = Vec::new();
    for n in 0..12 {
        let request = here.request(reqwest::Method::POST, LOGIN).header("x-forwarded-for", format!("192.0.2.{n}"));
        answers.push(here.send(request.json(&login(&grace.email, "wrong"))).await);
    }
    assert_eq!(statuses(&answers), (0, 10, 2));
}

#[tokio::test]
async fn forty_guesses_at_once_with_a_taken_name_tell_no_more_than_the_limit() {
    let tenant = tenant().await;
    let here = at(70);
    let body = |password: &str| {
        json!({
            "Organization": {"Name": tenant.name},
            "User": {"FirstName": "A", "LastName": "B", "Email": tenant.email, "Password": password},
        })
    };
    let guesses: Vec<_> = (0..40).map(|n| body(&format!("wrong number {n}"))).collect();
    let answers = join_all(guesses.iter().map(|guess| here.post("/api/organizations", guess))).await;
    let told = answers.iter().filter(|answer| answer.status == 400).count();
    assert_eq!((told, answers.len() - told), (10, 30));
    here.post("/api/organizations", &body(PASSWORD)).await.problem(429, TOO_MANY);
}

#[tokio::test]
async fn guesses_of_the_old_password_by_a_stolen_token_are_limited_too() {
    let grace = person().await;
    let token = Some(grace.signed_in().await.token);
    let here = Elsewhere { token, ..at(71) };
    let body = json!({"OldPassword": "wrong", "Password": "a new password"});
    let answers = join_all((0..20).map(|_| here.post("/api/users/me/password", &body))).await;
    let told = answers.iter().filter(|answer| answer.status == 400).count();
    assert_eq!((told, answers.len() - told), (10, 10));
}
