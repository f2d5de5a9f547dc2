use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::request::Parts,
};
use shared::{
    clock,
    openapi::{BodyFailures, Failures, Success},
    problem::{Problem, ProblemCode},
    request::RawJson,
    table::EventOutcome,
};
use utoipa::ToSchema;

use super::{event::Event, signature::is_signed};
use crate::BillingApp;

const SIGNATURE: &str = "stripe-signature";

/// An event, as Stripe's reference has it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is read by the derive alone")]
pub(crate) struct StripeEvent {
    id: String,
    /// `event`.
    object: String,
    #[schema(rename = "type", examples("customer.subscription.updated"))]
    kind: String,
    /// In seconds since the epoch.
    created: u64,
    #[schema(value_type = Object)]
    data: serde_json::Value,
}

/// The request's signature, where Stripe is connected at all. Otherwise there is nothing here.
pub(crate) struct Signature(String);

impl FromRequestParts<BillingApp> for Signature {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &BillingApp) -> Result<Self, Problem> {
        if state.secrets.stripe().is_empty() {
            return Err(Problem::new(ProblemCode::NotFound));
        }
        let signature = parts.headers.get(SIGNATURE).and_then(|value| value.to_str().ok());
        Ok(Self(signature.unwrap_or_default().to_owned()))
    }
}

/// Takes an event of Stripe.
///
/// Sets the subscription that a `customer.subscription.*` event names, unless a later event did. The organization is
/// its `metadata.organization_id`, the plan its price's `lookup_key`. Any other event changes nothing.
#[utoipa::path(
    post,
    path = "/api/webhooks/stripe",
    tag = "Platform",
    security(("stripe" = [])),
    request_body = StripeEvent,
    responses(
        (status = 200, description = "The event was taken, or is none that counts here.", body = Success),
        BodyFailures, Failures
    )
)]
pub(crate) async fn receive_stripe_event(
    State(state): State<BillingApp>,
    Signature(signature): Signature,
    RawJson(body): RawJson,
) -> Result<Json<Success>, Problem> {
    if !is_signed(&signature, &body, state.secrets.stripe(), clock::now()) {
        return Err(Problem::new(ProblemCode::SignatureInvalid)
            .detail("The signature is missing, old, or not Stripe's for this body."));
    }
    let event: Event = serde_json::from_slice(&body)
        .map_err(|_| Problem::new(ProblemCode::InvalidBody).detail("The body is no event."))?;
    let outcome = match event.subscription() {
        Ok((organization, subscription)) => {
            match state.app.table.apply_subscription_event(&organization, &subscription).await? {
                EventOutcome::Applied => "applied",
                EventOutcome::Stale => "stale",
                EventOutcome::UnknownOrganization => "ignored: organization",
            }
        }
        Err(ignored) => ignored.reason(),
    };
    // Ids alone: an event also names the customer who pays.
    tracing::info!(event = event.id, kind = event.kind, outcome, "received an event of Stripe");
    Ok(Json(Success::ANSWER))
}
