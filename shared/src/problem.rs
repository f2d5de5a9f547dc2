//! Problem answers (RFC 9457), and the one place that maps an error to its answer.

use std::{borrow::Cow, collections::BTreeMap};

use axum::{
    Json,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use claims::{KeySourceError, TokenError};
use domain::error_chain::chain;
use serde::Serialize;
use table::{Failure, MOST_FAILURES, TRIES_WINDOW};
use utoipa::ToSchema;

use crate::password::PasswordError;

/// Every bad field of a request with what is wrong with it, named by its path in the body or its query parameter.
pub type FieldErrors = BTreeMap<Cow<'static, str>, Vec<Cow<'static, str>>>;

/// An error answer: `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// `about:blank`: the status says what kind of problem it is (RFC 9457, section 4.2.1).
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    #[serde(serialize_with = "status_number")]
    #[schema(value_type = u16, minimum = 400, maximum = 599)]
    status: StatusCode,
    /// What is wrong with this request, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    detail: Option<Cow<'static, str>>,
    /// Every bad field, named by its path in the body or its query parameter.
    #[serde(skip_serializing_if = "FieldErrors::is_empty")]
    #[schema(value_type = BTreeMap<String, Vec<String>>)]
    errors: FieldErrors,
    /// The request's id, which the log lines carry and `x-request-id` answers.
    #[serde(rename = "traceId", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    trace_id: Option<String>,
    #[serde(skip)]
    challenge: Option<&'static str>,
    #[serde(skip)]
    retry_after: Option<u64>,
    #[serde(skip)]
    tries_left: Option<Failure>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn status_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl Problem {
    /// An answer that says no more than its status.
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status,
            detail: None,
            errors: FieldErrors::new(),
            trace_id: None,
            challenge: None,
            retry_after: None,
            tries_left: None,
        }
    }

    /// Adds what is wrong with this request.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// 400 that explains itself.
    #[must_use]
    pub fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST).detail(detail)
    }

    /// 400 that names every bad field.
    #[must_use]
    pub fn fields(errors: FieldErrors) -> Self {
        Self { errors, ..Self::bad_request("Some fields are missing or can't be used.") }
    }

    /// 400 that names one bad field.
    #[must_use]
    pub fn field(name: &'static str, fault: impl Into<Cow<'static, str>>) -> Self {
        Self::fields(FieldErrors::from([(name.into(), vec![fault.into()])]))
    }

    /// 401 with its challenge (RFC 6750, section 3).
    fn unauthorized(detail: &'static str, challenge: &'static str) -> Self {
        Self { challenge: Some(challenge), ..Self::new(StatusCode::UNAUTHORIZED).detail(detail) }
    }

    /// 401 of a sign-in: the same whatever is wrong.
    #[must_use]
    pub fn wrong_credentials() -> Self {
        Self::unauthorized("The e-mail address or the password is wrong.", "Bearer realm=\"organizations\"")
    }

    /// 403 that explains itself.
    #[must_use]
    pub fn forbidden(detail: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN).detail(detail)
    }

    /// 500, whose cause goes to the log and nowhere else.
    #[must_use]
    pub fn internal(cause: &dyn std::error::Error) -> Self {
        tracing::error!(cause = chain(cause), "the request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The same answer, which says how many failures the limit leaves.
    #[must_use]
    pub fn with_tries_left(self, failure: Failure) -> Self {
        Self { tries_left: Some(failure), ..self }
    }

    fn too_many_tries(seconds: u64) -> Self {
        let detail = "Too many wrong passwords for this e-mail address; try again later.";
        let problem = Self { retry_after: Some(seconds), ..Self::new(StatusCode::TOO_MANY_REQUESTS).detail(detail) };
        problem.with_tries_left(Failure { remaining: 0, reset: seconds })
    }

    fn unavailable() -> Self {
        let detail = "The service is busy; try again.";
        Self { retry_after: Some(1), ..Self::new(StatusCode::SERVICE_UNAVAILABLE).detail(detail) }
    }
}

impl From<FieldErrors> for Problem {
    fn from(errors: FieldErrors) -> Self {
        Self::fields(errors)
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Missing => Self::unauthorized("An access token is needed.", "Bearer realm=\"organizations\""),
            TokenError::Invalid => Self::unauthorized(
                "The access token is malformed, wrongly signed, or not for this service.",
                "Bearer realm=\"organizations\", error=\"invalid_token\", error_description=\"the token can't be used\"",
            ),
            TokenError::Expired => Self::unauthorized(
                "The access token has expired.",
                "Bearer realm=\"organizations\", error=\"invalid_token\", error_description=\"the token has expired\"",
            ),
            TokenError::NotAdmin => Self::forbidden("This needs the admin role of an organization."),
            TokenError::NotEnrichable => {
                Self::forbidden("This needs a user token, as a sign-in without OrgCode gives it, or a machine's.")
            }
            TokenError::NotOwner => Self::forbidden("This needs a token that the owner of an account asked for."),
            TokenError::Machine => Self::forbidden("A machine may not do this."),
            TokenError::Unverified => Self::forbidden("The issuer of this token has not verified the e-mail address."),
            TokenError::Unreachable => Self::unavailable(),
            TokenError::Keys(KeySourceError::Unavailable(cause)) => {
                tracing::warn!(cause, "answered 503");
                Self::unavailable()
            }
            TokenError::Keys(error @ KeySourceError::Internal(_)) => Self::internal(&error),
        }
    }
}

impl From<KeySourceError> for Problem {
    fn from(error: KeySourceError) -> Self {
        TokenError::from(error).into()
    }
}

impl From<table::Error> for Problem {
    fn from(error: table::Error) -> Self {
        use table::Error;
        match error {
            Error::OrganizationGone => Self::bad_request("The organization of this token no longer exists."),
            Error::NotAdmin => Self::forbidden("You are not an admin of this organization."),
            Error::InvalidKey => Self::unauthorized(
                "The API key is not valid.",
                "Bearer realm=\"organizations\", error=\"invalid_token\", error_description=\"the key can't be used\"",
            ),
            Error::NoCredential => Self::field("ClientId", "is no machine credential of this organization"),
            Error::UnknownOrganizationCode => Self::field("OrgCode", "is no organization's code"),
            Error::NoAccessToOrganization => Self::forbidden("You have no role in this organization."),
            Error::AddressUnproven(field) => {
                Self::field(field, "is of an account whose e-mail address isn't proven yet")
            }
            Error::SessionEnded => Self::unauthorized(
                "The sign-in that the access token came from has ended.",
                "Bearer realm=\"organizations\", error=\"invalid_token\", error_description=\"the sign-in has ended\"",
            ),
            Error::WrongOldPassword => Self::field("OldPassword", "is wrong"),
            Error::DeadLink => Self::field("Token", "is used, void or expired"),
            Error::TooManyTries(seconds) => Self::too_many_tries(seconds),
            Error::NoAccount => Self::field("Email", "has no account"),
            Error::AddressTaken => Self::field("Email", "has an account already"),
            Error::UserNotAdmin => Self::field("UserId", "is not an admin of this organization"),
            Error::LastAdmin => Self::field("UserId", "is the last admin of this organization"),
            Error::StaleVersion => Self::new(StatusCode::PRECONDITION_FAILED)
                .detail("The organization was changed since the version that If-Match names."),
            Error::NoUser => Self::field("UserId", "is no account's id"),
            Error::NotAssociated => Self::field("UserId", "has no customer in this organization"),
            Error::NoTier => Self::field("Name", "is no price tier of this organization"),
            Error::NoOldTier => Self::field("OldName", "is no price tier of this organization"),
            Error::OrganizationNameTaken | Error::TierNameTaken => Self::field("Name", "is taken"),
            Error::NewTierNameTaken => Self::field("NewName", "is taken"),
            Error::TooManyTiers => Self::field("Name", "can't be added: there are 100 price tiers already"),
            Error::TierInUse(1) => Self::field("Name", "can't be removed: 1 customer is on it"),
            Error::TierInUse(customers) => {
                Self::field("Name", format!("can't be removed: {customers} customers are on it"))
            }
            Error::NoTierForCustomer => Self::field("Pricing", "is no price tier of this organization"),
            Error::NoCustomer => Self::new(StatusCode::NOT_FOUND).detail("This organization has no such customer."),
            Error::InactiveCustomer => Self::forbidden("Your customer account is inactive."),
            Error::BadPageToken => Self::field("PageToken", "is not of this query; begin with PageNumber"),
            Error::TooManyRows(most) => Self::field(
                "Filters",
                format!(
                    "would have to test more than {most} rows one by one; add a filter that narrows: startswith, equals, gt, \
                     gte, lt or lte"
                ),
            ),
            Error::NoKey => Self::new(StatusCode::NOT_FOUND),
            Error::NoAccountHere => Self::forbidden("No account here has the e-mail address of this token."),
            Error::BoundToAnother => Self::forbidden("The account is bound to another identity of this issuer."),
            Error::KeyReused => Self::new(StatusCode::UNPROCESSABLE_ENTITY)
                .detail("The Idempotency-Key was used before, with another body."),
            Error::Unavailable(cause) => {
                tracing::warn!(cause, "answered 503");
                Self::unavailable()
            }
            Error::Internal(_) => Self::internal(&error),
        }
    }
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        Self::internal(&error)
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        self.trace_id = dynamo::request_id();
        let (status, challenge, retry_after) = (self.status, self.challenge, self.retry_after);
        let tries_left = self.tries_left;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(challenge) = challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(failure) = tries_left {
            limit_headers(headers, failure);
        }
        response
    }
}

/// The limit and what is left of it (`RateLimit` header fields for HTTP, draft-ietf-httpapi-ratelimit-headers-10).
fn limit_headers(headers: &mut HeaderMap, Failure { remaining, reset }: Failure) {
    let policy = format!("\"failed-tries\";q={MOST_FAILURES};w={TRIES_WINDOW}");
    let limit = format!("\"failed-tries\";r={remaining};t={reset}");
    for (name, value) in [("ratelimit-policy", policy), ("ratelimit", limit)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_of_the_table_has_its_status() {
        use table::Error;
        let statuses = [
            (Error::OrganizationGone, 400),
            (Error::NotAdmin, 403),
            (Error::InvalidKey, 401),
            (Error::NoCredential, 400),
            (Error::UnknownOrganizationCode, 400),
            (Error::NoAccessToOrganization, 403),
            (Error::NoAccount, 400),
            (Error::AddressUnproven("Email"), 400),
            (Error::SessionEnded, 401),
            (Error::WrongOldPassword, 400),
            (Error::DeadLink, 400),
            (Error::TooManyTries(7), 429),
            (Error::AddressTaken, 400),
            (Error::UserNotAdmin, 400),
            (Error::LastAdmin, 400),
            (Error::StaleVersion, 412),
            (Error::OrganizationNameTaken, 400),
            (Error::NoUser, 400),
            (Error::NotAssociated, 400),
            (Error::NoTier, 400),
            (Error::NoOldTier, 400),
            (Error::TierNameTaken, 400),
            (Error::NewTierNameTaken, 400),
            (Error::TooManyTiers, 400),
            (Error::TierInUse(2), 400),
            (Error::NoTierForCustomer, 400),
            (Error::NoCustomer, 404),
            (Error::BadPageToken, 400),
            (Error::KeyReused, 422),
            (Error::NoKey, 404),
            (Error::NoAccountHere, 403),
            (Error::BoundToAnother, 403),
            (Error::TooManyRows(1), 400),
            (Error::InactiveCustomer, 403),
            (Error::Unavailable("throttled".to_owned()), 503),
            (Error::Internal("a broken item".into()), 500),
        ];
        for (error, status) in statuses {
            let shown = error.to_string();
            assert_eq!(Problem::from(error).status.as_u16(), status, "{shown}");
        }
    }

    #[test]
    fn an_internal_error_says_nothing_of_its_cause() {
        let problem = Problem::from(table::Error::Internal("ORG#5f2b9c0e7d1a4b6c8e0f1a2b is broken".into()));
        let body = serde_json::to_value(&problem).unwrap();
        assert_eq!(body, serde_json::json!({"type": "about:blank", "title": "Internal Server Error", "status": 500}));
    }

    #[test]
    fn only_an_unavailable_table_asks_to_try_again() {
        let response = Problem::from(table::Error::Unavailable("throttled".to_owned())).into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        assert!(!Problem::from(table::Error::NotAdmin).into_response().headers().contains_key(header::RETRY_AFTER));
    }
}
