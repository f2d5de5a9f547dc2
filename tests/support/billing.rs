//! The platform's operator and its payment provider, as the shared servers know them.

use std::fmt::Write;

use reqwest::{Method, RequestBuilder};
use ring::hmac;
use serde_json::{Value, json};
use shared::{clock, plans::Plan};

use super::{Anonymous, Answer, Caller, Elsewhere};

/// The operator's key.
pub(crate) const OPERATOR_KEY: &str = "opkey_0123456789012345678901234567890123456789abcdefghij";

/// The secret that Stripe signs by.
pub(crate) const STRIPE_SECRET: &str = "whsec_a_secret_of_these_tests_alone";

/// `OPERATOR_KEY_HASHES` of a server that takes the key.
pub(crate) fn operator_key_hashes() -> String {
    format!("tests={}", shared::digest::sha256_hex_of(OPERATOR_KEY))
}

/// The platform's operator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operator;

impl Caller for Operator {
    fn sign(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(OPERATOR_KEY)
    }
}

impl Operator {
    pub(crate) async fn put(self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    /// Puts an organization on a plan.
    pub(crate) async fn subscribe(self, organization: &str, plan: &str) {
        let path = subscription_path(organization, "sub_of_tests");
        self.put(&path, &json!({"Plan": plan, "Status": "active"})).await.ok();
    }
}

/// The operator of a bundle of a test's own, started with [`operator_key_hashes`], puts an organization on a plan.
pub(crate) async fn subscribe_at(url: &str, organization: &str, plan: &str) {
    let operator =
        Elsewhere { url: Some(url.to_owned()), token: Some(OPERATOR_KEY.to_owned()), ..Elsewhere::default() };
    let path = subscription_path(organization, "sub_of_tests");
    let body = json!({"Plan": plan, "Status": "active"});
    operator.send(operator.request(Method::PUT, &path).json(&body)).await.ok();
}

/// The path of a subscription.
pub(crate) fn subscription_path(organization: &str, subscription: &str) -> String {
    format!("/api/platform/organizations/{organization}/subscriptions/{subscription}")
}

/// The `Stripe-Signature` of a body that was signed at this time.
pub(crate) fn stripe_signature(secret: &str, body: &str, at: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = hmac::sign(&key, format!("{at}.{body}").as_bytes());
    let mut header = format!("t={at},v1=");
    for byte in signature.as_ref() {
        write!(header, "{byte:02x}").unwrap();
    }
    header
}

/// Sends a body that Stripe signs now.
pub(crate) async fn stripe_sends(event: &Value) -> Answer {
    let body = event.to_string();
    let signature = stripe_signature(STRIPE_SECRET, &body, clock::now());
    let request = Anonymous.request(Method::POST, "/api/webhooks/stripe");
    let request = request.header("stripe-signature", signature).header("content-type", "application/json");
    Anonymous.send(request.body(body)).await
}

/// The entitlements of a plan, as an organization shows them.
pub(crate) fn entitlements_of(plan: &str) -> Value {
    let entitlements = Plan::of_key(plan).unwrap().entitlements.iter();
    entitlements.map(|one| json!({"Key": one.key, "Name": one.name, "Value": one.value})).collect()
}

/// The entitlements of a plan, as a token has them.
pub(crate) fn entitlements_claim(plan: &str) -> Value {
    let entitlements = Plan::of_key(plan).unwrap().entitlements.iter();
    entitlements.map(|one| (one.key.to_owned(), json!(one.value))).collect::<serde_json::Map<_, _>>().into()
}
