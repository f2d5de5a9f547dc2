//! Attempts of a transaction that nobody hears of: whatever is reported is final, even if one of them arrives late.
//!
//! The client gives an attempt up after three seconds. Until then, and longer, the gate holds it.

use std::time::Duration;

use faults::gate::Held;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::{Answer, Caller, Elsewhere, Gated};

const ADMINS: &str = "/api/organizations/users/admins";
const TIERS: &str = "/api/organizations/price-tiers";
const CUSTOMERS: &str = "/api/customers";
const ASSOCIATE: &str = "/api/organizations/users/associate-customer";
const ASSOCIATIONS: &str = "/api/organizations/users/associations";

/// The mails that an organization may send to one mailbox in an hour.
const MAILS_IN_AN_HOUR: usize = 5;
/// Longer than a call takes from the gate to the engine.
const WHILE: Duration = Duration::from_millis(500);

/// Starts `call`, and runs `meanwhile` once the gate holds its first attempt. Returns the call's answer.
async fn during(held: &mut Held, call: impl Future<Output = Answer>, meanwhile: impl Future<Output = ()>) -> Answer {
    let mut call = std::pin::pin!(call);
    tokio::select! {
        () = held.arrived() => {}
        answer = &mut call => panic!("{answer:?}"),
    }
    meanwhile.await;
    call.await
}

/// Lets an attempt go that was given up long ago.
async fn arrive_late(held: Held) {
    held.release();
    sleep(WHILE).await;
}

async fn admin_ids(admin: &Elsewhere) -> Vec<Value> {
    let admins = admin.get(ADMINS).await.ok();
    admins.as_array().unwrap().iter().map(|admin| admin["Id"].clone()).collect()
}

async fn put(admin: &Elsewhere, path: &str, body: &Value) -> Answer {
    admin.send(admin.request(Method::PUT, path).json(body)).await
}

#[tokio::test]
async fn a_promotion_whose_later_attempt_was_refused_brings_no_demoted_admin_back() {
    let gated = Gated::start().await;
    let (tenant, person) = (gated.tenant().await, gated.person().await);
    let (_, grace) = gated.sign_in(&person, None).await;
    let promotion = json!({"Email": person});
    // The budget of mails to her is used up. Until then each promotion counts one, which alone would refuse a late one.
    for _ in 0..MAILS_IN_AN_HOUR {
        tenant.admin.post(ADMINS, &promotion).await.ok();
        tenant.admin.delete(ADMINS, &json!({"UserId": grace})).await.ok();
    }
    let mut held = gated.gate.hold(|call| call.is("TransactWriteItems", "ADMIN#"));
    let promoted = during(&mut held, tenant.admin.post(ADMINS, &promotion), async {
        tenant.admin.post(ADMINS, &promotion).await.ok();
    });
    // Its second attempt finds that she is an admin already.
    assert_eq!(promoted.await.ok(), json!({"Success": true}));
    tenant.admin.delete(ADMINS, &json!({"UserId": grace})).await.ok();
    arrive_late(held).await;
    assert_eq!(admin_ids(&tenant.admin).await, [tenant.admin_id]);
}

#[tokio::test]
async fn an_association_whose_later_attempt_was_refused_does_not_come_back() {
    let gated = Gated::start().await;
    let (tenant, person) = (gated.tenant().await, gated.person().await);
    let (_, grace) = gated.sign_in(&person, None).await;
    let association = json!({"UserId": grace, "CustomerNumber": "C-1"});
    let mut held = gated.gate.hold(|call| call.is("TransactWriteItems", "#ASSOC#"));
    let associated = during(&mut held, tenant.admin.post(ASSOCIATE, &association), async {
        tenant.admin.post(ASSOCIATE, &association).await.ok();
    });
    associated.await.ok();
    tenant.admin.delete(ASSOCIATIONS, &json!({"UserId": grace})).await.ok();
    arrive_late(held).await;
    assert_eq!(tenant.admin.get(ASSOCIATIONS).await.ok()["Data"], json!([]));
}

#[tokio::test]
async fn a_customer_whose_later_attempt_was_refused_does_not_come_back() {
    let gated = Gated::start().await;
    let tenant = gated.tenant().await;
    assert_eq!(tenant.admin.post(TIERS, &json!({"Name": "Gold", "CurrencyCode": "EUR"})).await.status, 200);
    let customer = json!({"CustomerNumber": "C-1", "CompanyName": "Acme", "Pricing": "Gold"});
    let mut held = gated.gate.hold(|call| call.is("TransactWriteItems", "#CUSTOMER"));
    let stored = during(&mut held, put(&tenant.admin, CUSTOMERS, &customer), async {
        put(&tenant.admin, CUSTOMERS, &customer).await.ok();
    });
    stored.await.ok();
    tenant.admin.delete("/api/customers/C-1", &json!({})).await.ok();
    arrive_late(held).await;
    assert_eq!(tenant.admin.get("/api/customers/C-1").await.status, 404);
    // The tier's counters are right as well: it can be removed.
    assert_eq!(tenant.admin.delete(TIERS, &json!({"Name": "Gold"})).await.status, 200);
}

#[tokio::test]
async fn an_attempt_that_was_committed_after_a_later_one_was_refused_is_answered_as_done() {
    let gated = Gated::start().await;
    let tenant = gated.tenant().await;
    let tier = json!({"Name": "Gold", "CurrencyCode": "EUR"});
    let mut first = gated.gate.hold(|call| call.is("TransactWriteItems", "TIER"));
    let (mut second, mut added) = (None, std::pin::pin!(tenant.admin.post(TIERS, &tier)));
    tokio::select! {
        () = first.arrived() => {}
        answer = &mut added => panic!("{answer:?}"),
    }
    assert_eq!(tenant.admin.post(TIERS, &tier).await.status, 200);
    // The second attempt is refused, since the name is taken; that isn't heard until the name is free again and the
    // first attempt has arrived.
    let held = second.insert(gated.gate.hold_answer(|call| call.is("TransactWriteItems", "TIER")));
    tokio::select! {
        () = held.arrived() => {}
        answer = &mut added => panic!("{answer:?}"),
    }
    assert_eq!(tenant.admin.delete(TIERS, &json!({"Name": "Gold"})).await.status, 200);
    arrive_late(first).await;
    assert_eq!(tenant.admin.get(TIERS).await.ok(), json!([tier]));
    drop(second);
    assert_eq!(added.await.status, 200);
    assert_eq!(tenant.admin.get(TIERS).await.ok(), json!([tier]));
}

#[tokio::test]
async fn an_admin_who_is_demoted_while_associating_makes_no_further_attempt() {
    let gated = Gated::start().await;
    let (tenant, person, buyer) = (gated.tenant().await, gated.person().await, gated.person().await);
    tenant.admin.post(ADMINS, &json!({"Email": person})).await.ok();
    let (grace, grace_id) = gated.sign_in(&person, Some(&tenant.code)).await;
    let (_, buyer) = gated.sign_in(&buyer, None).await;
    let of = |customer: &str| json!({"UserId": buyer, "CustomerNumber": customer});
    let mut held = gated.gate.hold(|call| call.is("TransactWriteItems", "#ASSOC#"));
    let (of_grace, of_ada) = (of("C-1"), of("C-2"));
    let mut associated = std::pin::pin!(grace.post(ASSOCIATE, &of_grace));
    tokio::select! {
        () = held.arrived() => {}
        answer = &mut associated => panic!("{answer:?}"),
    }
    // Her attempt will be refused, as the user has another customer by then.
    tenant.admin.post(ASSOCIATE, &of_ada).await.ok();
    tenant.admin.delete(ADMINS, &json!({"UserId": grace_id})).await.ok();
    held.release();
    associated.await.problem(403, "You are not an admin of this organization.");
    let rows = tenant.admin.get(ASSOCIATIONS).await.ok()["Data"].clone();
    assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
    assert_eq!(rows[0]["CustomerNumber"], "C-2");
}
