//! Subscriptions by the platform's operator, and what they entitle to.

use local::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Anonymous, Caller, Elsewhere, Gated, GatedTenant, Member, OPERATOR_KEY, Operator, Tenant, claims_of, engine_call,
    entitlements_claim, entitlements_of, operate, operator_key_hashes, put_item, start_bundle, subscription_path,
    tenant,
};

const END: &str = "2027-01-01T00:00:00Z";

impl Tenant {
    /// What the organization shows of its subscriptions and entitlements.
    async fn shows(&self) -> (Value, Value) {
        let view = self.admin.get("/api/organization").await.ok();
        (view["Subscriptions"].clone(), view["Entitlements"].clone())
    }

    /// The entitlements in a token that is made now.
    async fn in_a_token(&self) -> Value {
        let login = json!({"Email": self.email, "Password": crate::support::PASSWORD});
        let token = Anonymous.post("/api/auth/login", &login).await.ok()["AccessToken"].as_str().unwrap().to_owned();
        let access = Member { token }.post("/api/auth/access", &json!({"OrgCode": self.code})).await.ok();
        claims_of(access["AccessToken"].as_str().unwrap())["entitlements"].clone()
    }

    async fn put(&self, id: &str, plan: &str, status: &str) -> Value {
        let body = json!({"Plan": plan, "Status": status, "CurrentPeriodEnd": END});
        Operator.put(&subscription_path(&self.id, id), &body).await.ok()
    }
}

fn subscription(id: &str, plan: &str, status: &str) -> Value {
    json!({"SubscriptionId": id, "Plan": plan, "Status": status, "CurrentPeriodEnd": END})
}

#[tokio::test]
async fn an_organization_without_a_subscription_is_on_the_default_plan() {
    let tenant = tenant().await;
    assert_eq!(tenant.shows().await, (json!([]), entitlements_of("free")));
    assert_eq!(tenant.in_a_token().await, entitlements_claim("free"));
}

#[tokio::test]
async fn a_subscription_shows_at_once_in_the_organization_and_in_the_next_token_whatever_becomes_of_it() {
    let tenant = tenant().await;
    for (plan, status) in [
        ("growth", "trialing"),
        ("growth", "active"),
        ("enterprise", "active"),
        ("growth", "active"),
        ("growth", "past_due"),
    ] {
        assert_eq!(tenant.put("sub_1", plan, status).await, subscription("sub_1", plan, status));
        assert_eq!(tenant.shows().await, (json!([subscription("sub_1", plan, status)]), entitlements_of(plan)));
        assert_eq!(tenant.in_a_token().await, entitlements_claim(plan), "{plan} {status}");
    }
    for status in ["unpaid", "paused", "incomplete", "incomplete_expired", "canceled"] {
        assert_eq!(tenant.put("sub_1", "growth", status).await, subscription("sub_1", "growth", status));
        assert_eq!(tenant.shows().await, (json!([]), entitlements_of("free")), "{status}");
        assert_eq!(tenant.in_a_token().await, entitlements_claim("free"), "{status}");
    }
}

#[tokio::test]
async fn of_two_subscriptions_each_key_is_there_once_with_the_larger_value() {
    let tenant = tenant().await;
    tenant.put("sub_1", "enterprise", "active").await;
    tenant.put("sub_2", "growth", "active").await;
    let both = json!([subscription("sub_1", "enterprise", "active"), subscription("sub_2", "growth", "active")]);
    assert_eq!(tenant.shows().await, (both, entitlements_of("enterprise")));

    let ended = Operator.send(Operator.request(Method::DELETE, &subscription_path(&tenant.id, "sub_1"))).await.ok();
    assert_eq!(ended, subscription("sub_1", "enterprise", "canceled"));
    assert_eq!(tenant.shows().await, (json!([subscription("sub_2", "growth", "active")]), entitlements_of("growth")));
    assert_eq!(tenant.in_a_token().await, entitlements_claim("growth"));
    let again = Operator.send(Operator.request(Method::DELETE, &subscription_path(&tenant.id, "sub_1"))).await;
    again.problem(404, "This organization has no such subscription.");
}

#[tokio::test]
async fn subscriptions_that_end_at_once_leave_no_plan_behind() {
    let tenant = tenant().await;
    for round in 0..5 {
        let ids: Vec<_> = (0..6).map(|number| format!("sub_{round}_{number}")).collect();
        futures_util::future::join_all(ids.iter().map(|id| tenant.put(id, "growth", "active"))).await;
        assert_eq!(tenant.in_a_token().await, entitlements_claim("growth"));
        futures_util::future::join_all(ids.iter().map(|id| tenant.put(id, "growth", "canceled"))).await;
        assert_eq!(tenant.in_a_token().await, entitlements_claim("free"));
    }
}

#[tokio::test]
async fn every_bad_field_is_named_and_nothing_changes() {
    let tenant = tenant().await;
    let path = subscription_path(&tenant.id, "sub_1");
    let statuses =
        "must be one of incomplete, trialing, active, past_due, unpaid, paused, incomplete_expired, canceled";
    let bad = json!({"Plan": "Growth", "Status": "ended", "CurrentPeriodEnd": "tomorrow"});
    Operator.put(&path, &bad).await.fields(&json!({
        "Plan": ["must be one of free, growth, enterprise"],
        "Status": [statuses],
        "CurrentPeriodEnd": ["must be a time such as 2027-01-31T12:00:00Z (RFC 3339)"],
    }));
    Operator.put(&path, &json!({"Price": 1})).await.fields(&json!({
        "Plan": ["is required"], "Status": ["is required"], "Price": ["is no field of this request"],
    }));
    let good = json!({"Plan": "growth", "Status": "active"});
    let id = json!({"SubscriptionId": ["must be 1 to 255 characters of A-Z, a-z, 0-9, '.', '_' and '-'"]});
    Operator.put(&subscription_path(&tenant.id, "sub%231"), &good).await.fields(&id);
    for organization in ["0".repeat(24), "acme".to_owned(), tenant.code.clone()] {
        let path = subscription_path(&organization, "sub_1");
        Operator.put(&path, &good).await.problem(404, "No organization has this id.");
        let ended = Operator.send(Operator.request(Method::DELETE, &path)).await;
        ended.problem(404, "No organization has this id.");
    }
    assert_eq!(tenant.shows().await, (json!([]), entitlements_of("free")));
}

#[tokio::test]
async fn a_key_of_no_operator_opens_nothing_and_an_operators_key_nothing_else() {
    let tenant = tenant().await;
    let (path, body) = (subscription_path(&tenant.id, "sub_1"), json!({"Plan": "enterprise", "Status": "active"}));
    let anyone = Anonymous.send(Anonymous.request(Method::PUT, &path).json(&body)).await;
    assert_eq!((anyone.status, anyone.json()["code"].as_str()), (401, Some("token_missing")), "{anyone:?}");
    let others = [tenant.admin.token.clone(), format!("{OPERATOR_KEY}0"), OPERATOR_KEY.to_uppercase()];
    for token in others {
        let other = Member { token };
        let refused = other.send(other.request(Method::PUT, &path).json(&body)).await;
        assert_eq!((refused.status, refused.json()["code"].as_str()), (401, Some("key_invalid")), "{refused:?}");
        assert!(refused.header("www-authenticate").starts_with("Bearer "), "{refused:?}");
    }
    let admin = Operator.get("/api/organization").await;
    assert_eq!((admin.status, admin.json()["code"].as_str()), (401, Some("token_invalid")), "{admin:?}");
    assert_eq!(tenant.shows().await, (json!([]), entitlements_of("free")));
}

#[tokio::test]
async fn without_keys_and_secrets_there_is_nothing_at_the_platforms_paths() {
    let bundle = start_bundle(&local::Options::in_memory()).await.unwrap();
    let operator = Elsewhere { url: Some(bundle.url()), token: Some(OPERATOR_KEY.to_owned()), ..Elsewhere::default() };
    let path = subscription_path(&"0".repeat(24), "sub_1");
    let put = operator.request(Method::PUT, &path).json(&json!({}));
    for request in
        [put, operator.request(Method::DELETE, &path), operator.request(Method::POST, "/api/webhooks/stripe")]
    {
        operator.send(request).await.bare_problem(404);
    }
    bundle.stop().await;
}

#[tokio::test]
async fn a_subscription_of_before_shows_by_the_catalogue_and_is_replaced() {
    let tenant = tenant().await;
    let earlier = |id: &str, plan: &str| {
        json!({
            "pk": format!("ORG#{}", tenant.id), "sk": format!("#SUB#{id}"), "entity": "subscription", "id": id,
            "plan": plan, "status": "active", "current_period_end": END,
            "entitlements": [{"key": "seats", "name": "Seats", "value": "25"}],
        })
    };
    put_item(earlier("sub_1", "growth")).await;
    put_item(earlier("sub_2", "team")).await;
    let shown = json!([subscription("sub_1", "growth", "active"), subscription("sub_2", "team", "active")]);
    assert_eq!(tenant.shows().await, (shown, entitlements_of("growth")));
    assert_eq!(tenant.admin_ids().await, [tenant.admin_id.as_str()], "subscriptions are no admins");

    tenant.put("sub_2", "enterprise", "active").await;
    let shown = json!([subscription("sub_1", "growth", "active"), subscription("sub_2", "enterprise", "active")]);
    assert_eq!(tenant.shows().await, (shown, entitlements_of("enterprise")));
    assert_eq!(tenant.in_a_token().await, entitlements_claim("enterprise"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_notes_the_plans_of_subscriptions_of_before_for_tokens_and_limits() {
    let gated = Gated::start().await;
    let (tenant, other) = (gated.tenant().await, gated.tenant().await);
    let id = tenant.admin.get("/api/organization").await.ok()["Organization"]["OrganizationId"].clone();
    for (number, plan, status) in [("1", "growth", "active"), ("2", "enterprise", "canceled")] {
        let text = |text: &str| json!({"S": text});
        let item = json!({
            "pk": text(&format!("ORG#{}", id.as_str().unwrap())), "sk": text(&format!("#SUB#{number}")),
            "entity": text("subscription"), "id": text(number), "plan": text(plan), "status": text(status),
        });
        let put = json!({"TableName": local::Bundle::TABLE, "Item": item});
        engine_call(&gated.bundle.dynamodb_url(), "PutItem", &put).await;
    }
    let entitlements = async |tenant: &GatedTenant| {
        let (member, _) = gated.sign_in(&tenant.email, Some(&tenant.code)).await;
        claims_of(member.token.as_ref().unwrap())["entitlements"].clone()
    };
    assert_eq!(entitlements(&tenant).await, entitlements_claim("free"), "until it is migrated");
    let migrate = || {
        let url = gated.bundle.dynamodb_url();
        let (code, stdout, stderr) = operate(&["migrate", "--table", local::Bundle::TABLE], Some(&url));
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
        stdout.lines().find(|line| line.starts_with("the plans of")).unwrap().to_owned()
    };
    assert_eq!(migrate(), "the plans of 1 organizations noted");
    assert_eq!(entitlements(&tenant).await, entitlements_claim("growth"));
    assert_eq!(entitlements(&other).await, entitlements_claim("free"));
    assert_eq!(migrate(), "the plans of 0 organizations noted");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_the_guide_to_plans_set_and_end_a_subscription_and_send_an_event() {
    let page = include_str!("../docs/plans.md");
    let commands: Vec<_> =
        page.split("\n```bash\n").skip(1).map(|after| after.split("\n```").next().unwrap()).collect();
    let stripe_webhook_secrets = "whsec_a_secret_for_this_machine".to_owned();
    let options =
        Options { operator_key_hashes: operator_key_hashes(), stripe_webhook_secrets, ..Options::in_memory() };
    let gated = Gated::start_with(&options, async |engine| engine).await;
    let tenant = gated.tenant().await;
    let view = tenant.admin.get("/api/organization").await.ok();
    let mut answers = Vec::new();
    for commands in commands {
        let mut script = tokio::process::Command::new("bash");
        let commands = commands.replace("http://127.0.0.1:3000", &gated.bundle.url()).replace("curl ", "curl -s ");
        script.args(["-euc", &commands]).env("OPERATOR_KEY", OPERATOR_KEY);
        script.env("ORGANIZATION_ID", view["Organization"]["OrganizationId"].as_str().unwrap());
        let output = script.output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
        answers.push(String::from_utf8(output.stdout).unwrap());
    }
    let by_hand: Vec<Value> = serde_json::Deserializer::from_str(&answers[0]).into_iter().map(Result::unwrap).collect();
    assert_eq!(by_hand, ["active", "canceled"].map(|status| subscription("sub_1", "growth", status)));
    let shown = tenant.admin.get("/api/organization").await.ok();
    assert_eq!(shown["Subscriptions"][0]["Plan"], "enterprise", "{answers:?}");
    gated.bundle.stop().await;
}
