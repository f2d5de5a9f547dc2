//! Accounts: signing up and in, passwords, mailed links, addresses, and identities of other issuers.

use table::{AddressChangeError, ExternalIdentityError, LinkError, LoginAttemptsError, ProfileError, SignUpError};

use super::precondition_failed;
use crate::{
    password::PasswordError,
    problem::{FieldCode, Problem, ProblemCode},
};

/// What `Retry-After` says where waiting alone doesn't help: a person who tries at all tries again after that.
const KNOWN_SOURCES_RETRY_SECONDS: u64 = 60 * 60;

impl From<SignUpError> for Problem {
    fn from(error: SignUpError) -> Self {
        match error {
            SignUpError::AddressTaken => {
                let error = FieldCode::Taken.says("has an account already");
                Self::field("Email", error)
            }
            SignUpError::Table(error) => error.into(),
        }
    }
}

impl From<LoginAttemptsError> for Problem {
    fn from(error: LoginAttemptsError) -> Self {
        match error {
            LoginAttemptsError::TooMany(seconds) => Self::too_many_attempts(seconds),
            LoginAttemptsError::TooManyFromSource(seconds) => {
                let detail = "Too many wrong passwords from this network; try again later.";
                Self::too_many(ProblemCode::TooManyAttempts, seconds, detail)
            }
            LoginAttemptsError::OnlyFromKnownSources => Self::too_many(
                ProblemCode::UnknownSource,
                KNOWN_SOURCES_RETRY_SECONDS,
                "Too many wrong passwords for this e-mail address: sign in from where you did before, or set a new \
                 password by a mailed link.",
            ),
            LoginAttemptsError::Table(error) => error.into(),
        }
    }
}

impl From<LinkError> for Problem {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Dead => {
                let error = FieldCode::InvalidLink.says("is used, void or expired");
                Self::field("Token", error)
            }
            LinkError::Table(error) => error.into(),
        }
    }
}

impl From<ExternalIdentityError> for Problem {
    fn from(error: ExternalIdentityError) -> Self {
        match error {
            ExternalIdentityError::NoAccount => Self::new(ProblemCode::IdentityWithoutAccount)
                .detail("No account here has the e-mail address of this token."),
            ExternalIdentityError::BoundToAnother => {
                Self::new(ProblemCode::AccountBound).detail("The account is bound to another identity of this issuer.")
            }
            ExternalIdentityError::BoundToAnotherIssuer => {
                Self::new(ProblemCode::AccountBound).detail("The account is bound to another issuer.")
            }
            ExternalIdentityError::ForeignDomain => Self::new(ProblemCode::DomainNotTrusted)
                .detail("The issuer of this token may not speak for e-mail addresses of this domain."),
            ExternalIdentityError::Table(error) => error.into(),
        }
    }
}

impl From<ProfileError> for Problem {
    fn from(error: ProfileError) -> Self {
        match error {
            ProfileError::Precondition(failed) => precondition_failed("account", failed),
            ProfileError::Table(error) => error.into(),
        }
    }
}

impl From<AddressChangeError> for Problem {
    fn from(error: AddressChangeError) -> Self {
        match error {
            AddressChangeError::Taken => SignUpError::AddressTaken.into(),
            AddressChangeError::Link(error) => error.into(),
            AddressChangeError::Table(error) => error.into(),
        }
    }
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        Self::internal(&error)
    }
}
