//! Calls are answered before their function would be killed, and a 503 says whether something may have changed.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use faults::trouble::{Mood, Trouble};
use futures_util::future::join_all;
use local::Options;
use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, Caller, Elsewhere, Gated, PASSWORD};

const ADMINS: &str = "/api/organizations/users/admins";
const TIERS: &str = "/api/organizations/price-tiers";

const UNCHANGED: &str = "The service is busy, and nothing was changed; try again.";
const UNKNOWN: &str = "The service is busy, and the change may or may not have been made. The same request with the same \
                       Idempotency-Key finds out; without one, look before you try again.";

/// A tenth of the time that a call has on AWS, and of the time after which the client gives an attempt up.
const ANSWER_TIME: Duration = Duration::from_millis(2_600);
const ATTEMPT_TIME: Duration = Duration::from_millis(300);
/// A tenth of the 29 seconds after which a function is killed.
const CALL_TIME: Duration = Duration::from_millis(2_900);

/// A bundle whose calls have a tenth of the time, and whose table can be in trouble.
async fn bundle() -> (Gated, Trouble) {
    let trouble = Cell::new(None);
    let proxy = async |engine| {
        let (started, url) = Trouble::start(engine).await;
        trouble.set(Some(started));
        url
    };
    let options = Options { answer_time: Some(ANSWER_TIME), ..Options::in_memory() };
    let gated = Gated::start_with(&options, proxy).await;
    (gated, trouble.take().unwrap())
}

async fn promote(admin: &Elsewhere, email: &str, key: Option<&str>) -> Answer {
    let request = admin.request(Method::POST, ADMINS).json(&json!({"Email": email}));
    admin
        .send(match key {
            Some(key) => request.header("idempotency-key", key),
            None => request,
        })
        .await
}

#[tokio::test]
async fn calls_whose_table_answers_each_third_attempt_are_answered_before_their_function_would_be_killed() {
    let (gated, trouble) = bundle().await;
    let people: Vec<_> = join_all((0..2).map(|_| gated.person())).await;
    let (grace, _) = gated.sign_in(&people[1], None).await;
    trouble.set(Mood::ThirdAttempt(ATTEMPT_TIME));
    let stranger = gated.caller(None);
    let wrong = json!({"Email": people[0], "Password": "wrong"});
    let change = json!({"OldPassword": PASSWORD, "Password": "a new password"});
    let started = Instant::now();
    let (wrong, changed) =
        tokio::join!(async { (stranger.post("/api/auth/login", &wrong).await, started.elapsed()) }, async {
            (grace.post("/api/users/me/password", &change).await, started.elapsed())
        });
    for (answer, time) in [&wrong, &changed] {
        assert!(*time < CALL_TIME, "{time:?}: {answer:?}");
    }
    wrong.0.problem(503, UNCHANGED);
    assert_eq!(wrong.0.header("retry-after"), "1");
    // The new password is stored by the last of four round trips, so that the answer may come on either side of it.
    match changed.0.status {
        200 => {}
        _ => assert_eq!(changed.0.status, 503, "{changed:?}"),
    }
}

#[tokio::test]
async fn a_call_that_is_cut_off_while_it_reads_has_changed_nothing_and_says_so() {
    let (gated, _) = bundle().await;
    let (tenant, person) = (gated.tenant().await, gated.person().await);
    let held = gated.gate.hold(|call| call.is("GetItem", "EMAIL#"));
    promote(&tenant.admin, &person, None).await.problem(503, UNCHANGED);
    drop(held);
    assert_eq!(tenant.admin.get(ADMINS).await.ok().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_call_whose_transactions_are_throttled_has_changed_nothing_and_says_so() {
    let (gated, trouble) = bundle().await;
    let (tenant, person) = (gated.tenant().await, gated.person().await);
    trouble.set(Mood::Throttled);
    let started = Instant::now();
    let refused = promote(&tenant.admin, &person, None).await;
    refused.problem(503, UNCHANGED);
    assert!(started.elapsed() < CALL_TIME);
    trouble.set(Mood::Well);
    assert_eq!(promote(&tenant.admin, &person, None).await.ok(), json!({"Success": true}));
}

#[tokio::test]
async fn a_call_that_is_cut_off_after_its_unheard_commit_says_so_and_its_idempotency_key_finds_out() {
    let (gated, _) = bundle().await;
    let (tenant, person) = (gated.tenant().await, gated.person().await);
    let held = gated.gate.hold_answer(|call| call.is("TransactWriteItems", "ADMIN#"));
    let cut_off = promote(&tenant.admin, &person, Some("one")).await;
    cut_off.problem(503, UNKNOWN);
    assert_eq!(cut_off.header("retry-after"), "1");
    let again = promote(&tenant.admin, &person, Some("one")).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.ok(), json!({"Success": true}));
    drop(held);
}

#[tokio::test]
async fn a_call_without_an_idempotency_key_that_is_cut_off_after_its_unheard_commit_says_so() {
    let (gated, _) = bundle().await;
    let tenant = gated.tenant().await;
    let tier = json!({"Name": "Gold", "CurrencyCode": "EUR"});
    let held = gated.gate.hold_answer(|call| call.is("TransactWriteItems", "TIER"));
    tenant.admin.post(TIERS, &tier).await.problem(503, UNKNOWN);
    assert_eq!(tenant.admin.get(TIERS).await.ok(), json!([tier]));
    drop(held);
}

#[tokio::test]
async fn a_call_that_is_cut_off_before_its_commit_arrives_says_that_it_may_still_be_made() {
    let (gated, _) = bundle().await;
    let tenant = gated.tenant().await;
    let tier = json!({"Name": "Gold", "CurrencyCode": "EUR"});
    let held = gated.gate.hold(|call| call.is("TransactWriteItems", "TIER"));
    tenant.admin.post(TIERS, &tier).await.problem(503, UNKNOWN);
    assert_eq!(tenant.admin.get(TIERS).await.ok(), json!([]));
    drop(held);
}
