//! The gate itself: it holds the call that a test names, before or after it is done, and lets the others through.

use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;

use crate::support::{Caller, Gated};

/// Longer than any call here takes.
const WHILE: Duration = Duration::from_millis(400);

#[tokio::test]
async fn a_call_that_is_held_takes_effect_once_it_is_released_and_others_pass() {
    let gated = Gated::start().await;
    let tenant = gated.tenant().await;
    let (person, code) = (gated.person().await, tenant.code.clone());
    let mut held = gated.gate.hold(|call| call.is("TransactWriteItems", "ADMIN#"));
    let admins = "/api/organizations/users/admins";
    let promotion = json!({"Email": person});
    let mut promotion = std::pin::pin!(tenant.admin.post(admins, &promotion));
    tokio::select! {
        () = held.arrived() => {}
        answer = &mut promotion => panic!("{answer:?}"),
    }
    assert!(timeout(WHILE, &mut promotion).await.is_err());
    let listed = tenant.admin.get(admins).await.ok();
    let ids: Vec<_> = listed.as_array().unwrap().iter().map(|admin| admin["Id"].as_str().unwrap()).collect();
    assert_eq!(ids, [&tenant.admin_id]);
    held.release();
    assert_eq!(promotion.await.ok(), json!({"Success": true}));
    gated.sign_in(&person, Some(&code)).await;
}

#[tokio::test]
async fn a_call_whose_answer_is_held_is_done() {
    let gated = Gated::start().await;
    let tenant = gated.tenant().await;
    let mut held = gated.gate.hold_answer(|call| call.is("TransactWriteItems", "TIER"));
    let tier = json!({"Name": "Gold", "CurrencyCode": "EUR"});
    let tiers = "/api/organizations/price-tiers";
    let mut added = std::pin::pin!(tenant.admin.post(tiers, &tier));
    tokio::select! {
        () = held.arrived() => {}
        answer = &mut added => panic!("{answer:?}"),
    }
    assert_eq!(tenant.admin.get(tiers).await.ok(), json!([tier]));
    assert!(timeout(WHILE, &mut added).await.is_err());
    held.release();
    let added = added.await;
    assert_eq!((added.status, added.text.as_str()), (200, ""));
}

#[tokio::test]
async fn a_call_that_is_held_reaches_the_engine_although_its_caller_has_gone_away() {
    let gated = Gated::start().await;
    let tenant = gated.tenant().await;
    let tiers = "/api/organizations/price-tiers";
    let tier = json!({"Name": "Gold", "CurrencyCode": "EUR"});
    let mut held = gated.gate.hold(|call| call.is("TransactWriteItems", "TIER"));
    tokio::select! {
        () = held.arrived() => {}
        answer = tenant.admin.post(tiers, &tier) => panic!("{answer:?}"),
    }
    // The request is dropped here, and its connection closed, while its transaction is on the way.
    assert_eq!(tenant.admin.get(tiers).await.ok(), json!([]));
    held.release();
    let mut tries = 0;
    while tenant.admin.get(tiers).await.ok() != json!([tier]) {
        tries += 1;
        assert!(tries < 100, "the transaction never arrived");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
