//! Stripe's events: signed, in any order, more than once, or not at all.

use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use reqwest::Method;
use serde_json::{Value, json};
use shared::{clock, rfc3339};

use crate::support::{
    Anonymous, Answer, Caller, Operator, STRIPE_SECRET, Tenant, entitlements_of, stripe_sends, stripe_signature,
    subscription_path, tenant, unique,
};

const START: u64 = 1_764_000_000;

/// What one event says of a subscription.
#[derive(Clone, Debug)]
struct Said {
    kind: &'static str,
    created: u64,
    status: &'static str,
    price: &'static str,
    period_end: u64,
}

fn said(kind: &'static str, created: u64, status: &'static str, price: &'static str, period_end: u64) -> Said {
    Said { kind, created: START + created, status, price, period_end: START + period_end }
}

impl Said {
    /// The event, in the shape of Stripe's API.
    fn event(&self, organization: &str, subscription: &str) -> Value {
        let mut event: Value = serde_json::from_str(include_str!("fixtures/stripe-event.json")).unwrap();
        event["id"] = json!(unique("evt"));
        event["type"] = json!(format!("customer.subscription.{}", self.kind));
        event["created"] = json!(self.created);
        let object = &mut event["data"]["object"];
        object["id"] = json!(subscription);
        object["status"] = json!(self.status);
        object["metadata"]["organization_id"] = json!(organization);
        object["items"]["data"][0]["current_period_end"] = json!(self.period_end);
        object["items"]["data"][0]["price"]["lookup_key"] = json!(self.price);
        event
    }
}

/// A subscription's life, as Stripe tells it: bought, renewed, moved up and down, late, paid and ended. The first two
/// events, and the fifth and sixth, are of one second.
fn life() -> Vec<Said> {
    vec![
        said("created", 0, "incomplete", "growth", 100),
        said("updated", 0, "active", "growth", 100),
        said("updated", 100, "active", "growth", 200),
        said("updated", 120, "active", "enterprise", 200),
        said("updated", 200, "active", "enterprise", 300),
        said("updated", 200, "past_due", "enterprise", 300),
        said("updated", 210, "active", "enterprise", 300),
        said("updated", 220, "active", "growth", 300),
        said("updated", 300, "unpaid", "growth", 400),
        said("deleted", 310, "canceled", "growth", 400),
    ]
}

impl Tenant {
    /// What the organization shows of its subscriptions, and whether they entitle to what this plan does.
    async fn is_on(&self, subscriptions: &Value, plan: &str) {
        let view = self.admin.get("/api/organization").await.ok();
        assert_eq!((&view["Subscriptions"], &view["Entitlements"]), (subscriptions, &entitlements_of(plan)));
    }
}

fn shown(id: &str, plan: &str, status: &str, end: u64) -> Value {
    json!([{"SubscriptionId": id, "Plan": plan, "Status": status, "CurrentPeriodEnd": rfc3339(START + end)}])
}

async fn taken(event: &Value) {
    assert_eq!(stripe_sends(event).await.ok(), json!({"Success": true}));
}

#[tokio::test]
async fn a_subscription_lives_as_stripe_tells_it() {
    let (tenant, id) = (tenant().await, unique("sub"));
    let active = |plan, end| (shown(&id, plan, "active", end), plan);
    let expected = [
        (json!([]), "free"),
        active("growth", 100),
        active("growth", 200),
        active("enterprise", 200),
        active("enterprise", 300),
        (shown(&id, "enterprise", "past_due", 300), "enterprise"),
        active("enterprise", 300),
        active("growth", 300),
        (json!([]), "free"),
        (json!([]), "free"),
    ];
    for (said, (subscriptions, plan)) in life().into_iter().zip(expected) {
        taken(&said.event(&tenant.id, &id)).await;
        tenant.is_on(&subscriptions, plan).await;
    }
}

#[tokio::test]
async fn an_event_that_comes_ten_times_at_once_or_late_changes_nothing_more() {
    let (tenant, id) = (tenant().await, unique("sub"));
    let events: Vec<_> = life()[..4].iter().map(|said| said.event(&tenant.id, &id)).collect();
    let ten = futures_util::future::join_all((0..10).map(|_| stripe_sends(&events[3]))).await;
    assert!(ten.iter().all(|answer| answer.status == 200), "{ten:?}");
    let expected = shown(&id, "enterprise", "active", 200);
    tenant.is_on(&expected, "enterprise").await;
    let tag = tenant.admin.get("/api/organization").await.header("etag").to_owned();
    for event in [&events[0], &events[1], &events[2], &events[3]] {
        taken(event).await;
        tenant.is_on(&expected, "enterprise").await;
    }
    assert_eq!(tenant.admin.get("/api/organization").await.header("etag"), tag);
}

/// Permutations that one organization sees: each leaves a subscription behind, which later calls read.
const PERMUTATIONS_OF_ONE: u64 = 25;

#[tokio::test]
async fn two_hundred_permutations_of_ten_events_end_in_one_state() {
    futures_util::future::join_all((0..8).map(permutations)).await;
}

/// The events of a whole life, or of one that goes on, in any order: some twice, some never, some at once.
async fn permutations(seed: u64) {
    let tenant = tenant().await;
    let mut random = StdRng::seed_from_u64(seed);
    for permutation in 0..PERMUTATIONS_OF_ONE {
        let (id, goes_on) = (unique("sub"), permutation % 2 == 0);
        let mut life = life();
        if goes_on {
            life.truncate(8);
        }
        let mut events: Vec<_> = life.iter().map(|said| said.event(&tenant.id, &id)).collect();
        let last = events.pop().unwrap();
        events.shuffle(&mut random);
        if permutation % 3 == 0 {
            events.pop();
        }
        events.extend([last, events[0].clone()]);
        events.shuffle(&mut random);
        if permutation % 5 == 0 {
            futures_util::future::join_all(events.iter().map(taken)).await;
        } else {
            for event in &events {
                taken(event).await;
            }
        }
        if goes_on {
            tenant.is_on(&shown(&id, "growth", "active", 300), "growth").await;
            taken(&said("deleted", 500, "canceled", "growth", 600).event(&tenant.id, &id)).await;
        }
        tenant.is_on(&json!([]), "free").await;
    }
}

#[tokio::test]
async fn what_is_not_ours_is_taken_and_changes_nothing() {
    let (tenant, id) = (tenant().await, unique("sub"));
    let good = said("updated", 0, "active", "growth", 100);
    taken(&good.event(&"0".repeat(24), &id)).await;
    taken(&good.event("acme", &id)).await;
    taken(&Said { price: "seats", ..good.clone() }.event(&tenant.id, &id)).await;
    taken(&Said { status: "frozen", ..good.clone() }.event(&tenant.id, &id)).await;
    taken(&Said { kind: "paused", ..good.clone() }.event(&tenant.id, &id)).await;
    let mut invoice = good.event(&tenant.id, &id);
    invoice["type"] = json!("invoice.paid");
    taken(&invoice).await;
    tenant.is_on(&json!([]), "free").await;

    // A price that is gone from the catalogue keeps no subscription alive.
    taken(&good.event(&tenant.id, &id)).await;
    tenant.is_on(&shown(&id, "growth", "active", 100), "growth").await;
    taken(&said("deleted", 10, "canceled", "seats", 100).event(&tenant.id, &id)).await;
    tenant.is_on(&json!([]), "free").await;
}

async fn sent(signature: Option<String>, body: &str) -> Answer {
    let request = Anonymous.request(Method::POST, "/api/webhooks/stripe").header("content-type", "application/json");
    let request = match signature {
        Some(signature) => request.header("stripe-signature", signature),
        None => request,
    };
    Anonymous.send(request.body(body.to_owned())).await
}

#[tokio::test]
async fn a_signature_that_is_bad_old_or_foreign_is_refused_and_changes_nothing() {
    let (tenant, id, now) = (tenant().await, unique("sub"), clock::now());
    let body = said("updated", 0, "active", "growth", 100).event(&tenant.id, &id).to_string();
    let good = stripe_signature(STRIPE_SECRET, &body, now);
    let refused = "The signature is missing, old, or not Stripe's for this body.";
    for signature in [
        None,
        Some("t=1,v1=00".to_owned()),
        Some(stripe_signature(STRIPE_SECRET, &body, now - 310)),
        Some(stripe_signature(STRIPE_SECRET, &body, now + 310)),
        Some(stripe_signature("whsec_a_secret_of_another_platform", &body, now)),
        Some(stripe_signature(STRIPE_SECRET, &format!("{body} "), now)),
        Some(good.replace("v1=", "v0=")),
    ] {
        sent(signature, &body).await.problem(400, refused);
    }
    sent(Some(good.clone()), &body.replace("growth", "enterprise")).await.problem(400, refused);
    let no_event = "[]";
    sent(Some(stripe_signature(STRIPE_SECRET, no_event, now)), no_event).await.problem(400, "The body is no event.");
    tenant.is_on(&json!([]), "free").await;
    assert_eq!(sent(Some(good), &body).await.ok(), json!({"Success": true}));
    tenant.is_on(&shown(&id, "growth", "active", 100), "growth").await;
}

#[tokio::test]
async fn what_the_operator_ends_comes_back_by_a_later_event_alone() {
    let (tenant, id) = (tenant().await, unique("sub"));
    let bought = said("updated", 100, "active", "growth", 100).event(&tenant.id, &id);
    taken(&bought).await;
    let path = subscription_path(&tenant.id, &id);
    let ended = shown(&id, "growth", "canceled", 100)[0].clone();
    for _ in 0..2 {
        assert_eq!(Operator.send(Operator.request(Method::DELETE, &path)).await.ok(), ended);
        taken(&bought).await;
        taken(&said("created", 0, "active", "growth", 100).event(&tenant.id, &id)).await;
        tenant.is_on(&json!([]), "free").await;
    }
    taken(&said("updated", 101, "active", "growth", 200).event(&tenant.id, &id)).await;
    tenant.is_on(&shown(&id, "growth", "active", 200), "growth").await;
}
