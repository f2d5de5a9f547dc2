//! Problem answers (RFC 9457).

mod code;
mod refusals;

pub use code::{ProblemCode, Retry};
pub use domain::field_error::{FieldCode, FieldError};
pub use refusals::OnField;

use std::{borrow::Cow, collections::BTreeMap, mem::take, sync::Arc};

use axum::{
    Json,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::error_chain::chain;
use plans::PlanLimit;
use serde::Serialize;
use table::AttemptsLeft;
use utoipa::ToSchema;

/// Every bad field of a request with what is wrong with it, named by its path in the body or its query parameter.
pub type FieldErrors = BTreeMap<Cow<'static, str>, Vec<FieldError>>;

/// Something of each bad field.
pub(crate) type Named<T> = BTreeMap<Cow<'static, str>, Vec<T>>;

tokio::task_local! {
    /// The address of the API, which the catalogue lies below.
    static ISSUER: Arc<str>;
}

/// Runs `work`, whose problem answers name the catalogue of this issuer.
pub async fn with_issuer<F: Future>(issuer: Arc<str>, work: F) -> F::Output {
    ISSUER.scope(issuer, work).await
}

/// An error answer: `application/problem+json` (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// The code's entry in the catalogue, `/problems`.
    #[serde(rename = "type")]
    #[schema(value_type = String, format = "uri")]
    kind: Cow<'static, str>,
    /// The code's title, for a person.
    title: &'static str,
    /// The HTTP status.
    #[serde(serialize_with = "status_number")]
    #[schema(value_type = u16, minimum = 400, maximum = 599)]
    status: StatusCode,
    /// Why the request is refused, for a program.
    code: ProblemCode,
    /// What is wrong with this request, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    detail: Option<Cow<'static, str>>,
    /// Every bad field, named by its path in the body or its query parameter, with sentences for a person.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, Vec<String>>)]
    errors: BTreeMap<Cow<'static, str>, Vec<Cow<'static, str>>>,
    /// The keys of `errors`, with a word for a program in the place of each sentence.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, Vec<FieldCode>>)]
    codes: BTreeMap<Cow<'static, str>, Vec<FieldCode>>,
    /// The key of the entitlement whose limit is reached.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "entitlement_key")]
    #[schema(value_type = String)]
    entitlement: Option<PlanLimit>,
    /// How many the organization's plans allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u32)]
    limit: Option<u32>,
    /// The request's id, which the log lines carry and `x-request-id` answers.
    #[serde(rename = "traceId", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    trace_id: Option<String>,
    #[serde(skip)]
    challenge: Option<&'static str>,
    #[serde(skip)]
    retry_after: Option<u64>,
    #[serde(skip)]
    attempts_left: Option<AttemptsLeft>,
    /// Further fields of the answer's head.
    #[serde(skip)]
    headers: Vec<(HeaderName, &'static str)>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn status_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

#[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn entitlement_key<S: serde::Serializer>(limit: &Option<PlanLimit>, serializer: S) -> Result<S::Ok, S::Error> {
    limit.map(PlanLimit::key).serialize(serializer)
}

impl Problem {
    /// An answer that says no more than its code.
    #[must_use]
    pub fn new(code: ProblemCode) -> Self {
        Self {
            // Outside of a request, no issuer is known: the title says all (RFC 9457, section 4.2.1).
            kind: Cow::Borrowed("about:blank"),
            title: code.title(),
            status: code.status(),
            code,
            detail: None,
            errors: BTreeMap::new(),
            codes: BTreeMap::new(),
            entitlement: None,
            limit: None,
            trace_id: None,
            challenge: None,
            retry_after: None,
            attempts_left: None,
            headers: Vec::new(),
        }
    }

    /// Returns why the request is refused.
    #[must_use]
    pub fn code(&self) -> ProblemCode {
        self.code
    }

    /// Returns what is wrong with the request, for a person.
    #[must_use]
    pub fn shown_detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// Returns each bad field with each sentence about it.
    pub fn field_errors(&self) -> impl Iterator<Item = (&str, &str)> {
        self.errors.iter().flat_map(|(name, sentences)| sentences.iter().map(move |one| (&**name, &**one)))
    }

    /// Adds a field to the answer's head.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Adds what is wrong with this request.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// 400 that names every bad field.
    #[must_use]
    pub fn fields(errors: FieldErrors) -> Self {
        let mut problem = Self::new(ProblemCode::of_fields(&errors));
        problem.detail = Some(Cow::Borrowed("Some fields are missing or can't be used."));
        for (name, errors) in errors {
            let (codes, messages) = errors.into_iter().map(|error| (error.code, error.message)).unzip();
            problem.codes.insert(name.clone(), codes);
            problem.errors.insert(name, messages);
        }
        problem
    }

    /// Returns the bad fields alone: for what is wrong with a part of a request.
    pub(crate) fn into_fields(self) -> (Named<Cow<'static, str>>, Named<FieldCode>) {
        (self.errors, self.codes)
    }

    /// 400 that names one bad field.
    #[must_use]
    pub fn field(name: &'static str, error: FieldError) -> Self {
        Self::fields(FieldErrors::from([(name.into(), vec![error])]))
    }

    /// 401 with its challenge (RFC 6750, section 3).
    fn unauthorized(code: ProblemCode, detail: &'static str, challenge: &'static str) -> Self {
        Self { challenge: Some(challenge), ..Self::new(code).detail(detail) }
    }

    /// 401 of a sign-in: the same whatever is wrong.
    #[must_use]
    pub fn wrong_credentials() -> Self {
        Self::unauthorized(
            ProblemCode::WrongCredentials,
            "The e-mail address or the password is wrong.",
            "Bearer realm=\"organizations\"",
        )
    }

    /// 500, whose cause goes to the log and nowhere else.
    #[must_use]
    pub fn internal(cause: &dyn std::error::Error) -> Self {
        tracing::error!(cause = chain(cause), "the request failed");
        Self::new(ProblemCode::InternalError)
    }

    /// Adds how many failures the limit leaves.
    #[must_use]
    pub fn with_attempts_left(self, attempts_left: AttemptsLeft) -> Self {
        Self { attempts_left: Some(attempts_left), ..self }
    }

    fn too_many_attempts(seconds: u64) -> Self {
        let detail = "Too many wrong passwords for this e-mail address; try again later.";
        Self::too_many(ProblemCode::TooManyAttempts, seconds, detail)
            .with_attempts_left(AttemptsLeft { remaining: 0, reset: seconds })
    }

    /// 429 that says in how many seconds another attempt may succeed.
    fn too_many(code: ProblemCode, seconds: u64, detail: &'static str) -> Self {
        Self { retry_after: Some(seconds), ..Self::new(code).detail(detail) }
    }

    /// 503 that says whether the current request may have changed something. An error can't tell by itself: it knows
    /// its own write, and a request may have made others before.
    pub(crate) fn unavailable() -> Self {
        if dynamo::may_have_changed() { Self::outcome_unknown() } else { Self::unchanged() }
    }

    fn unchanged() -> Self {
        let detail = "The service is busy, and nothing was changed; try again.";
        Self { retry_after: Some(1), ..Self::new(ProblemCode::Unavailable).detail(detail) }
    }

    fn outcome_unknown() -> Self {
        let detail = "The service is busy, and the change may or may not have been made. The same request with the same \
                      Idempotency-Key finds out; without one, look before you try again.";
        Self { retry_after: Some(1), ..Self::new(ProblemCode::OutcomeUnknown).detail(detail) }
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        self.trace_id = dynamo::request_id();
        if let Ok(issuer) = ISSUER.try_with(Arc::clone) {
            self.kind = format!("{issuer}/problems#{}", self.code.as_str()).into();
        }
        let (status, challenge, retry_after) = (self.status, self.challenge, self.retry_after);
        let (attempts_left, others) = (self.attempts_left, take(&mut self.headers));
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.extend(others.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))));
        if let Some(challenge) = challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(attempts_left) = attempts_left {
            limit_headers(headers, attempts_left);
        }
        response
    }
}

/// The limit and what is left of it (`RateLimit` header fields for HTTP, draft-ietf-httpapi-ratelimit-headers-10).
fn limit_headers(headers: &mut HeaderMap, AttemptsLeft { remaining, reset }: AttemptsLeft) {
    let policy = format!("\"failed-tries\";q={};w={}", AttemptsLeft::LIMIT, AttemptsLeft::WINDOW_SECONDS);
    let limit = format!("\"failed-tries\";r={remaining};t={reset}");
    for (name, value) in [("ratelimit-policy", policy), ("ratelimit", limit)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}
