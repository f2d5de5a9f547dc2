//! Tokens that aren't there, can't be used, or are of a sign-in that has ended.

use claims::{KeySourceError, TokenError};
use table::SessionEnded;

use crate::problem::{Problem, ProblemCode};

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Missing => Self::unauthorized(
                ProblemCode::TokenMissing,
                "An access token is needed.",
                "Bearer realm=\"organizations\"",
            ),
            TokenError::Invalid => Self::unauthorized(
                ProblemCode::TokenInvalid,
                "The access token is malformed, wrongly signed, or not for this service.",
                "Bearer realm=\"organizations\", error=\"invalid_token\", error_description=\"the token can't be used\"",
            ),
            TokenError::Expired => Self::unauthorized(
                ProblemCode::TokenExpired,
                "The access token has expired.",
                "Bearer realm=\"organizations\", error=\"invalid_token\", error_description=\"the token has expired\"",
            ),
            TokenError::NotAdmin => {
                Self::new(ProblemCode::AdminRequired).detail("This needs the admin role of an organization.")
            }
            TokenError::NotEnrichable => Self::new(ProblemCode::UserTokenRequired)
                .detail("This needs a user token, as a sign-in without OrgCode gives it, or a machine's."),
            TokenError::NotOwner => Self::new(ProblemCode::PersonRequired)
                .detail("This needs a token that the owner of an account asked for."),
            TokenError::Machine => Self::new(ProblemCode::MachineRefused).detail("A machine may not do this."),
            TokenError::Unverified => Self::new(ProblemCode::IssuerEmailNotVerified)
                .detail("The issuer of this token has not verified the e-mail address."),
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

impl From<SessionEnded> for Problem {
    fn from(_: SessionEnded) -> Self {
        Self::unauthorized(
            ProblemCode::SessionEnded,
            "The sign-in that the access token came from has ended.",
            "Bearer realm=\"organizations\", error=\"invalid_token\", error_description=\"the sign-in has ended\"",
        )
    }
}
