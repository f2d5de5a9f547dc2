//! Limits by plan: of admins, API keys and price tiers.

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::{
    clock,
    plans::{Plan, PlanLimit},
    rfc3339,
};

use crate::support::{
    Anonymous, Answer, Caller, Operator, PASSWORD, Tenant, delete_item, link_token, mails_to, person, put_item, tenant,
    unique,
};

const ADMINS: &str = "/api/organizations/users/admins";
const API_ACCESS: &str = "/api/organizations/api-access";
const INVITATIONS: &str = "/api/organizations/invitations";
const TIERS: &str = "/api/organizations/price-tiers";

fn allowed(plan: &str, limit: PlanLimit) -> usize {
    usize::try_from(Plan::of_key(plan).unwrap().limit(limit).unwrap()).unwrap()
}

/// Asserts a whole answer that a limit is reached.
#[track_caller]
fn is_full(answer: &Answer, plan: &str, limit: PlanLimit) {
    let (key, limit) = (limit.key(), allowed(plan, limit));
    let of_what = match key {
        "admins" => "admins",
        "api_keys" => "API keys",
        _ => "price tiers",
    };
    let detail = format!("The organization's plan allows {limit} {of_what}, and they are all taken.");
    answer
        .is_problem(403, &json!({"detail": detail, "code": "plan_limit_reached", "entitlement": key, "limit": limit}));
}

impl Tenant {
    /// Adds a tier, for which there is room.
    async fn has_room_for_tier(&self) {
        let added = self.adds_tier().await;
        assert_eq!(added.status, 200, "{added:?}");
    }

    async fn adds_tier(&self) -> Answer {
        self.admin.post(TIERS, &json!({"Name": unique("Tier"), "CurrencyCode": "EUR"})).await
    }

    async fn makes_key(&self) -> Answer {
        self.admin.post(API_ACCESS, &json!({"Name": "ERP"})).await
    }

    async fn promotes(&self) -> Answer {
        let person = person().await;
        self.admin.post(ADMINS, &json!({"Email": person.email})).await
    }

    async fn count(&self, path: &str) -> usize {
        self.admin.get(path).await.ok().as_array().unwrap().len()
    }
}

/// Callers that come at once when one more is allowed, and how many of them got in. All others are told of the limit.
async fn at_once(answers: impl Iterator<Item = impl Future<Output = Answer>>, limit: PlanLimit) -> usize {
    let answers = join_all(answers).await;
    let (done, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    for answer in refused {
        is_full(answer, "free", limit);
    }
    done.len()
}

#[tokio::test]
async fn ten_price_tiers_at_once_are_as_many_as_the_plan_has_room_for() {
    let tenant = tenant().await;
    let limit = allowed("free", PlanLimit::PriceTiers);
    for _ in 0..limit - 3 {
        tenant.has_room_for_tier().await;
    }
    assert_eq!(at_once((0..10).map(|_| tenant.adds_tier()), PlanLimit::PriceTiers).await, 3);
    assert_eq!(tenant.count(TIERS).await, limit);
    is_full(&tenant.adds_tier().await, "free", PlanLimit::PriceTiers);

    let tiers = tenant.admin.get(TIERS).await.ok();
    assert_eq!(tenant.admin.delete(TIERS, &json!({"Name": tiers[0]["Name"]})).await.status, 200);
    let taken = json!({"Name": tiers[1]["Name"], "CurrencyCode": "EUR"});
    tenant.admin.post(TIERS, &taken).await.fields(&json!({"Name": ["is taken"]}));
    tenant.has_room_for_tier().await;
    // A taken name is told before the limit.
    tenant.admin.post(TIERS, &taken).await.fields(&json!({"Name": ["is taken"]}));
}

#[tokio::test]
async fn ten_api_keys_at_once_are_as_many_as_the_plan_has_room_for() {
    let tenant = tenant().await;
    let limit = allowed("free", PlanLimit::ApiKeys);
    for _ in 0..limit - 2 {
        tenant.makes_key().await.ok();
    }
    assert_eq!(at_once((0..10).map(|_| tenant.makes_key()), PlanLimit::ApiKeys).await, 2);
    assert_eq!(tenant.count(API_ACCESS).await, limit);
    is_full(&tenant.makes_key().await, "free", PlanLimit::ApiKeys);

    let keys = tenant.admin.get(API_ACCESS).await.ok();
    tenant.admin.delete(API_ACCESS, &json!({"ClientId": keys[0]["ClientId"]})).await.ok();
    tenant.makes_key().await.ok();
    is_full(&tenant.makes_key().await, "free", PlanLimit::ApiKeys);
}

#[tokio::test]
async fn an_api_key_that_has_expired_leaves_room_for_another() {
    let tenant = tenant().await;
    let ends = |seconds| json!({"Name": "ERP", "ExpiresAt": rfc3339(clock::now() + seconds)});
    for _ in 1..allowed("free", PlanLimit::ApiKeys) {
        tenant.makes_key().await.ok();
    }
    tenant.admin.post(API_ACCESS, &ends(2)).await.ok();
    is_full(&tenant.makes_key().await, "free", PlanLimit::ApiKeys);
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    tenant.makes_key().await.ok();
    is_full(&tenant.makes_key().await, "free", PlanLimit::ApiKeys);
}

#[tokio::test]
async fn ten_promotions_at_once_are_as_many_as_the_plan_has_room_for() {
    let tenant = tenant().await;
    let limit = allowed("free", PlanLimit::Admins);
    for _ in 1..limit - 2 {
        tenant.promotes().await.ok();
    }
    assert_eq!(at_once((0..10).map(|_| tenant.promotes()), PlanLimit::Admins).await, 2);
    assert_eq!(tenant.count(ADMINS).await, limit);
    is_full(&tenant.promotes().await, "free", PlanLimit::Admins);
    // Who is an admin already needs no room.
    tenant.promote(&tenant.email).await;

    let invited = format!("{}@invited.example", unique("grace"));
    let invitation = json!({"Email": invited, "Roles": ["admin"], "FirstName": "Grace", "LastName": "Hopper"});
    let made = tenant.admin.post(INVITATIONS, &invitation).await;
    assert_eq!(made.status, 201, "{made:?}");
    let acceptance = json!({"Token": link_token(&mails_to(&invited, 1).await[0]), "Password": PASSWORD});
    is_full(&Anonymous.post("/api/invitations/accept", &acceptance).await, "free", PlanLimit::Admins);
    Operator.subscribe(&tenant.id, "growth").await;
    Anonymous.post("/api/invitations/accept", &acceptance).await.ok();
    assert_eq!(tenant.count(ADMINS).await, limit + 1);
}

#[tokio::test]
async fn a_larger_plan_leaves_room_and_a_smaller_one_takes_nothing_away() {
    let tenant = tenant().await;
    let (free, growth) = (allowed("free", PlanLimit::PriceTiers), allowed("growth", PlanLimit::PriceTiers));
    for _ in 0..free {
        tenant.has_room_for_tier().await;
    }
    is_full(&tenant.adds_tier().await, "free", PlanLimit::PriceTiers);
    Operator.subscribe(&tenant.id, "growth").await;
    for _ in free..growth {
        tenant.has_room_for_tier().await;
    }
    is_full(&tenant.adds_tier().await, "growth", PlanLimit::PriceTiers);
    Operator.subscribe(&tenant.id, "enterprise").await;
    tenant.has_room_for_tier().await;
    Operator.subscribe(&tenant.id, "growth").await;
    is_full(&tenant.adds_tier().await, "growth", PlanLimit::PriceTiers);
    assert_eq!(tenant.count(TIERS).await, growth + 1);
    Operator.subscribe(&tenant.id, "free").await;
    is_full(&tenant.adds_tier().await, "free", PlanLimit::PriceTiers);
}

#[tokio::test]
async fn a_request_that_was_done_is_answered_again_when_the_plan_is_full() {
    let tenant = tenant().await;
    let key = unique("key");
    let (tier, credential) = (json!({"Name": "Gold", "CurrencyCode": "EUR"}), json!({"Name": "ERP"}));
    let send = async |path: &str, body: &Value| {
        let request = tenant.admin.request(reqwest::Method::POST, path).header("idempotency-key", &key);
        tenant.admin.send(request.json(body)).await
    };
    assert_eq!(send(TIERS, &tier).await.status, 200);
    send(API_ACCESS, &credential).await.ok();
    for _ in 1..allowed("free", PlanLimit::PriceTiers) {
        tenant.has_room_for_tier().await;
    }
    for _ in 1..allowed("free", PlanLimit::ApiKeys) {
        tenant.makes_key().await.ok();
    }
    let replayed = send(TIERS, &tier).await;
    assert_eq!((replayed.status, replayed.header("idempotency-replayed")), (200, "true"), "{replayed:?}");
    assert_eq!(send(API_ACCESS, &credential).await.json()["code"], "secret_shown_once");
}

/// An organization of before counts its tiers and has no plans; its limits are the default plan's.
#[tokio::test]
async fn an_organization_of_before_is_limited_as_the_catalogue_says() {
    let tenant = tenant().await;
    let organization = format!("ORG#{}", tenant.id);
    put_item(json!({
        "pk": organization, "sk": "#SUB#sub_1", "entity": "subscription", "id": "sub_1", "plan": "growth",
        "status": "active",
    }))
    .await;
    for _ in 0..allowed("free", PlanLimit::PriceTiers) {
        tenant.has_room_for_tier().await;
    }
    is_full(&tenant.adds_tier().await, "free", PlanLimit::PriceTiers);
    delete_item(organization, "#SUB#sub_1").await;
}
