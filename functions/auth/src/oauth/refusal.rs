use std::borrow::Cow;

use axum::{
    Json,
    http::{StatusCode, header::WWW_AUTHENTICATE},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use shared::{
    claims::TokenError,
    problem::{Problem, ProblemCode},
    table,
};
use utoipa::ToSchema;

use super::NOT_KEPT;

const CHALLENGE: &str = "Basic realm=\"organizations\", charset=\"UTF-8\"";

/// Why no token is issued, as a word that a standard client knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TokenErrorCode)]
pub(crate) enum ErrorCode {
    /// A parameter is missing or sent twice, or the `subject_token` can't be accepted (RFC 8693, section 2.2.2).
    InvalidRequest,
    /// The client is unknown, or its secret is wrong.
    InvalidClient,
    /// The access of the machine doesn't cover the grant.
    UnauthorizedClient,
    /// The grant is none of those that the discovery document names.
    UnsupportedGrantType,
    /// The subject gets no token of the organization (RFC 8693, section 2.2.2).
    InvalidTarget,
}

/// An error answer of the token endpoint (RFC 6749, section 5.2).
#[derive(Serialize, ToSchema)]
#[schema(as = TokenError)]
pub(crate) struct TokenErrorResponse {
    error: ErrorCode,
    /// What is wrong, for a person.
    #[schema(value_type = String)]
    error_description: Cow<'static, str>,
}

/// The answer to a request that gets no token.
pub(crate) enum Refusal {
    /// By the rules of OAuth.
    OAuth {
        answer: TokenErrorResponse,
        /// Whether the client tried HTTP authentication, which is then asked for.
        challenge: bool,
    },
    /// As everywhere: the body's size and type, limits, a table that is out of reach.
    Problem(Box<Problem>),
}

impl Refusal {
    pub(super) fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidRequest, description)
    }

    pub(super) fn invalid_client(description: &'static str) -> Self {
        Self::new(ErrorCode::InvalidClient, description)
    }

    pub(super) fn invalid_target(description: &'static str) -> Self {
        Self::new(ErrorCode::InvalidTarget, description)
    }

    pub(super) fn unsupported_grant_type() -> Self {
        Self::new(ErrorCode::UnsupportedGrantType, "The grant types are client_credentials and token exchange.")
    }

    fn new(error: ErrorCode, description: impl Into<Cow<'static, str>>) -> Self {
        let answer = TokenErrorResponse { error, error_description: printable(description.into()) };
        Self::OAuth { answer, challenge: false }
    }

    /// The answer to a request with an `Authorization` header: a client that fails is asked for Basic credentials.
    pub(super) fn with_challenge(self) -> Self {
        match self {
            Self::OAuth { answer, .. } if answer.error == ErrorCode::InvalidClient => {
                Self::OAuth { answer, challenge: true }
            }
            other => other,
        }
    }
}

/// Replaces the characters that a description can't hold (RFC 6749, section 5.2), such as those of a parameter's name.
fn printable(description: Cow<'static, str>) -> Cow<'static, str> {
    let is_allowed = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
    if description.chars().all(is_allowed) {
        return description;
    }
    description.chars().map(|c| if is_allowed(c) { c } else { '?' }).collect()
}

impl From<Problem> for Refusal {
    /// Answers as the endpoints do that this one stands for, in the words of OAuth.
    fn from(problem: Problem) -> Self {
        let error = match problem.code() {
            ProblemCode::WrongCredentials | ProblemCode::KeyInvalid => {
                return Self::invalid_client("The client id or its secret is wrong.");
            }
            ProblemCode::AccessNotCovered => ErrorCode::UnauthorizedClient,
            ProblemCode::OrganizationNotFound => {
                return Self::invalid_target("The audience is no organization's code.");
            }
            ProblemCode::NoRole
            | ProblemCode::CustomerInactive
            | ProblemCode::ForeignOrganization
            | ProblemCode::OrganizationGone => ErrorCode::InvalidTarget,
            code => match code.status() {
                StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ErrorCode::InvalidRequest,
                _ => return Self::Problem(Box::new(problem)),
            },
        };
        let wrong: Vec<_> =
            problem.field_errors().map(|(name, fault)| format!("{} {fault}.", parameter(name))).collect();
        let detail = || problem.shown_detail().unwrap_or_else(|| problem.code().title()).to_owned();
        Self::new(error, if wrong.is_empty() { detail() } else { wrong.join(" ") })
    }
}

/// What a field of `POST /api/auth/access` is called here.
fn parameter(field: &str) -> &str {
    match field {
        "OrgCode" => "audience",
        "UserId" => "requested_subject",
        other => other,
    }
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        Problem::from(error).into()
    }
}

impl From<table::Error> for Refusal {
    fn from(error: table::Error) -> Self {
        Problem::from(error).into()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::OAuth { answer, challenge: true } => {
                (StatusCode::UNAUTHORIZED, NOT_KEPT, [(WWW_AUTHENTICATE, CHALLENGE)], Json(answer)).into_response()
            }
            Self::OAuth { answer, challenge: false } => {
                (StatusCode::BAD_REQUEST, NOT_KEPT, Json(answer)).into_response()
            }
            Self::Problem(problem) => problem.into_response(),
        }
    }
}
