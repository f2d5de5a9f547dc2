//! What the OpenAPI annotations of several functions share.

use serde::Serialize;
use utoipa::{IntoParams, IntoResponses, ToSchema};

use crate::problem::Problem;

/// The failures of every route.
#[derive(IntoResponses)]
pub enum Failures {
    /// The request can't be used; `errors` names every bad field.
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(Problem),
    /// Something broke; nothing acknowledged is lost.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(Problem),
    /// The table is throttled or out of reach; `Retry-After` says when to try again.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem),
}

/// The failures of a route that takes a body.
#[derive(IntoResponses)]
pub enum BodyFailures {
    /// The body is longer than 64 KiB.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// The body's `Content-Type` is missing or no JSON, or it has a `Content-Encoding`.
    #[response(status = 415, content_type = "application/problem+json")]
    NotJson(Problem),
}

/// The failures of a route that takes a form.
#[derive(IntoResponses)]
pub enum FormFailures {
    /// The body is longer than 64 KiB.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// The body's `Content-Type` is missing or no form's, or it has a `Content-Encoding`.
    #[response(status = 415, content_type = "application/problem+json")]
    NotForm(Problem),
}

/// The failures of a route that takes an `Idempotency-Key`.
#[derive(IntoResponses)]
pub enum KeyFailures {
    /// The key was used before, with another body.
    #[response(status = 422, content_type = "application/problem+json")]
    Reused(Problem),
}

/// The header that lets a request be sent again.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it is read by the derive alone")]
pub struct IdempotencyKey {
    /// The same key, caller, route and body within 24 hours get the first successful answer again, with
    /// `Idempotency-Replayed: true`.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255)]
    key: Option<String>,
}

/// The conditions of a route that shows what has a version.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it is read by the derive alone")]
pub struct ReadConditions {
    /// Versions that the caller has, as `ETag` named them, or `*`. Where the present one is among them, the answer is
    /// 304.
    #[param(rename = "If-None-Match", value_type = String, required = false)]
    if_none_match: Option<String>,
    /// Versions as `ETag` named them, or `*`. Where the present one isn't among them, the answer is 412.
    #[param(rename = "If-Match", value_type = String, required = false)]
    if_match: Option<String>,
}

/// What a route that shows what has a version answers where the conditions don't hold.
#[derive(IntoResponses)]
#[expect(clippy::large_enum_variant, reason = "it is read by the derive alone")]
pub enum ReadConditionsFail {
    /// The caller has the present version.
    #[response(status = 304, headers(("ETag" = String, description = "The present version")))]
    NotModified,
    /// The present version is none that `If-Match` names.
    #[response(status = 412, content_type = "application/problem+json")]
    PreconditionFailed(Problem),
}

/// The conditions of a route that changes what has a version.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it is read by the derive alone")]
pub struct WriteConditions {
    /// The version to be changed, as `ETag` named it; one of several, or `*` for any.
    #[param(rename = "If-Match", value_type = String, required = false)]
    if_match: Option<String>,
    /// Versions that must not be there; `*` says that nothing may be there.
    #[param(rename = "If-None-Match", value_type = String, required = false)]
    if_none_match: Option<String>,
}

/// What a route that changes what has a version answers where the conditions don't hold.
#[derive(IntoResponses)]
pub enum WriteConditionsFail {
    /// The present version is none that `If-Match` names, or one that `If-None-Match` names. Nothing was changed.
    #[response(status = 412, content_type = "application/problem+json")]
    PreconditionFailed(Problem),
}

/// The failures of a route that tries passwords, or makes what strangers can make.
#[derive(IntoResponses)]
pub enum LimitFailures {
    /// Past a limit: of wrong passwords, or of what one source or organization makes. `Retry-After` says when to try
    /// again.
    #[response(status = 429, content_type = "application/problem+json")]
    OverLimit(Problem),
}

/// The failures of a route that needs a token.
#[derive(IntoResponses)]
pub enum TokenFailures {
    /// No token, or one that can't be used; `WWW-Authenticate` says which.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(Problem),
    /// The token is good, and its holder may not do this (any more).
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
}

/// The failures of a route that is the platform's operator's. Where no operator key is configured, the answer is 404.
#[derive(IntoResponses)]
pub enum OperatorFailures {
    /// No operator key, or one that the deployment doesn't take.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(Problem),
}

/// The failures of a route that adds what the organization's plans limit.
#[derive(IntoResponses)]
pub enum PlanFailures {
    /// The organization has as many of these as its plans allow.
    #[response(status = 403, content_type = "application/problem+json")]
    LimitReached(Problem),
}

/// The failures of a route on one subscription.
#[derive(IntoResponses)]
pub enum NoSuchSubscription {
    /// There is no such organization, or it has no such subscription.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
}

/// The failures of a route on one customer.
#[derive(IntoResponses)]
pub enum NoSuchCustomer {
    /// The organization has no customer of this number.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
}

/// The failures of a route on one invitation.
#[derive(IntoResponses)]
pub enum NoSuchInvitation {
    /// The organization has no invitation of this id, or has forgotten it.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
    /// The invitation was accepted or withdrawn before.
    #[response(status = 409, content_type = "application/problem+json")]
    Closed(Problem),
}

/// The answer of a write that has nothing else to say.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Success {
    success: bool,
}

impl Success {
    /// The one answer of this kind.
    pub const ANSWER: Self = Self { success: true };
}
