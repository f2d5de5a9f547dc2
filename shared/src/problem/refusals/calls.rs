//! Refusals that any call may meet: a role that is gone, a limit, a version that isn't the current one, a list that
//! can't be read, and a table that is out of reach.

use domain::conditional::FailedPrecondition;
use table::{Error, Limited, ListError, SessionEnded};

use super::precondition_failed;
use crate::problem::{FieldCode, Problem, ProblemCode};

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::SessionEnded => SessionEnded.into(),
            Error::OrganizationGone => {
                Self::new(ProblemCode::OrganizationGone).detail("The organization of this token no longer exists.")
            }
            Error::NotAdmin => Self::new(ProblemCode::RoleLost).detail("You are not an admin of this organization."),
            Error::CallerUnverified => Self::new(ProblemCode::OwnEmailNotVerified).detail(
                "Prove your e-mail address first, by the link that was mailed to it. Until then you invite and promote \
                 nobody.",
            ),
            Error::InvalidKey => Self::unauthorized(
                ProblemCode::KeyInvalid,
                "The API key is not valid.",
                "Bearer realm=\"organizations\", error=\"invalid_token\", error_description=\"the key can't be used\"",
            ),
            Error::AccessNotCovered => Self::new(ProblemCode::AccessNotCovered)
                .detail("The access of this machine credential doesn't cover this."),
            Error::KeyReused => Self::new(ProblemCode::IdempotencyKeyReused)
                .detail("The Idempotency-Key was used before, with another body."),
            Error::LimitReached { limited, seconds } => {
                Self::too_many(ProblemCode::RateLimited, seconds, limit_detail(limited))
            }
            Error::Unavailable(cause) => {
                tracing::warn!(cause, "answered 503");
                Self::unavailable()
            }
            Error::Internal(_) => Self::internal(&error),
        }
    }
}

fn limit_detail(limited: Limited) -> &'static str {
    match limited {
        Limited::Creations => "Too many accounts and organizations were made from this network; try again later.",
        Limited::MailsAskedFor => "Too many mails were asked for from this network; try again later.",
        Limited::Invitations => {
            "This organization has invited and promoted as many new people as it may in a day; try again later."
        }
    }
}

impl From<FailedPrecondition> for Problem {
    fn from(failed: FailedPrecondition) -> Self {
        precondition_failed("record", failed)
    }
}

impl From<ListError> for Problem {
    fn from(error: ListError) -> Self {
        match error {
            ListError::BadPageToken => {
                let error = FieldCode::InvalidPageToken.says("is not of this query; begin with PageNumber");
                Self::field("PageToken", error)
            }
            ListError::TooManyRows(max) => {
                let error = FieldCode::TooManyRows.says(format!(
                    "would have to test more than {max} rows one by one; add a filter that narrows: startswith, equals, \
                     gt, gte, lt or lte"
                ));
                Self::field("Filters", error)
            }
            ListError::Table(error) => error.into(),
        }
    }
}
