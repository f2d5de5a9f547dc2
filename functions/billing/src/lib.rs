//! Subscriptions, as the platform's operator and its payment provider set them: `/api/platform/*` and
//! `/api/webhooks/stripe`.

mod end_subscription;
mod operator;
mod path;
mod put_subscription;
mod secrets;
mod stripe;

use axum::extract::FromRef;
use shared::App;

pub use secrets::BillingSecrets;
use stripe::webhook;

/// The function's state: every function's, and the secrets that its callers know.
#[derive(Clone, Debug)]
pub struct BillingApp {
    app: App,
    secrets: BillingSecrets,
}

impl BillingApp {
    /// The function's state.
    #[must_use]
    pub fn new(app: App, secrets: BillingSecrets) -> Self {
        Self { app, secrets }
    }
}

impl FromRef<BillingApp> for App {
    fn from_ref(state: &BillingApp) -> Self {
        state.app.clone()
    }
}

shared::routes!(
    BillingApp,
    put_subscription::put_subscription,
    end_subscription::end_subscription,
    webhook::receive_stripe_event
);
