//! The one place that maps an error to its answer. Where a request may call a field differently, the handler says how.

use axum::http::StatusCode;
use claims::{KeySourceError, TokenError};
use table::{
    AdminError, AssociationError, CustomerError, Error, ExternalIdentityError, LeaveError, Limited, LinkError,
    LoginAttemptsError, MachineError, PriceTierError, SessionEnded, SettingsError, SignUpError,
};

use super::{FieldErrors, Problem};
use crate::password::PasswordError;

const EMAIL_NOT_VERIFIED: &str = "is of an account whose e-mail address isn't proven yet";

/// What `Retry-After` says where waiting alone doesn't help: a person who tries at all tries again after that.
const KNOWN_SOURCES_RETRY_SECONDS: u64 = 60 * 60;

/// An error about a value that the handler names as its request does.
pub trait OnField {
    /// The answer, where the request called the value so.
    fn on_field(self, name: &'static str) -> Problem;
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

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::SessionEnded => SessionEnded.into(),
            Error::OrganizationGone => Self::bad_request("The organization of this token no longer exists."),
            Error::NotAdmin => Self::forbidden("You are not an admin of this organization."),
            Error::CallerUnverified => Self::forbidden(
                "Prove your e-mail address first, by the link that was mailed to it. Until then you invite and promote \
                 nobody.",
            ),
            Error::InvalidKey => Self::unauthorized(
                "The API key is not valid.",
                "Bearer realm=\"organizations\", error=\"invalid_token\", error_description=\"the key can't be used\"",
            ),
            Error::AccessNotCovered => Self::forbidden("The access of this machine credential doesn't cover this."),
            Error::KeyReused => Self::new(StatusCode::UNPROCESSABLE_ENTITY)
                .detail("The Idempotency-Key was used before, with another body."),
            Error::LimitReached { limited, seconds } => Self::too_many(seconds, limit_detail(limited)),
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

impl From<SessionEnded> for Problem {
    fn from(_: SessionEnded) -> Self {
        Self::unauthorized(
            "The sign-in that the access token came from has ended.",
            "Bearer realm=\"organizations\", error=\"invalid_token\", error_description=\"the sign-in has ended\"",
        )
    }
}

impl From<SignUpError> for Problem {
    fn from(error: SignUpError) -> Self {
        match error {
            SignUpError::AddressTaken => Self::field("Email", "has an account already"),
            SignUpError::TooManyMails(seconds) => {
                let detail = "Your organization has mailed this mailbox often enough for now; try again later.";
                Self::too_many(seconds, detail)
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
                Self::too_many(seconds, "Too many wrong passwords from this network; try again later.")
            }
            LoginAttemptsError::OnlyFromKnownSources => Self::too_many(
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
            LinkError::Dead => Self::field("Token", "is used, void or expired"),
            LinkError::Table(error) => error.into(),
        }
    }
}

impl From<ExternalIdentityError> for Problem {
    fn from(error: ExternalIdentityError) -> Self {
        match error {
            ExternalIdentityError::NoAccount => {
                Self::forbidden("No account here has the e-mail address of this token.")
            }
            ExternalIdentityError::BoundToAnother => {
                Self::forbidden("The account is bound to another identity of this issuer.")
            }
            ExternalIdentityError::BoundToAnotherIssuer => Self::forbidden("The account is bound to another issuer."),
            ExternalIdentityError::ForeignDomain => {
                Self::forbidden("The issuer of this token may not speak for e-mail addresses of this domain.")
            }
            ExternalIdentityError::Table(error) => error.into(),
        }
    }
}

impl From<LeaveError> for Problem {
    fn from(error: LeaveError) -> Self {
        match error {
            LeaveError::NotAMember => Self::new(StatusCode::NOT_FOUND).detail("You have no role in this organization."),
            LeaveError::LastAdmin => {
                Self::field("IdentityOrganizationId", "is of an organization whose last admin you are")
            }
            LeaveError::Table(error) => error.into(),
        }
    }
}

impl From<SettingsError> for Problem {
    fn from(error: SettingsError) -> Self {
        match error {
            SettingsError::StaleVersion => Self::new(StatusCode::PRECONDITION_FAILED)
                .detail("The organization was changed since the version that If-Match names."),
            SettingsError::NotAccepted(_) => Self::bad_request("A field that can't be changed has another value."),
            SettingsError::NameTaken => Self::field("Name", "is taken"),
            SettingsError::Table(error) => error.into(),
        }
    }
}

impl From<AdminError> for Problem {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::NoAccount => Self::field("Email", "has no account"),
            AdminError::EmailNotVerified => Self::field("Email", EMAIL_NOT_VERIFIED),
            AdminError::NotAnAdmin => Self::field("UserId", "is not an admin of this organization"),
            AdminError::LastAdmin => Self::field("UserId", "is the last admin of this organization"),
            AdminError::Table(error) => error.into(),
        }
    }
}

impl From<MachineError> for Problem {
    fn from(error: MachineError) -> Self {
        match error {
            MachineError::NotFound => Self::field("ClientId", "is no machine credential of this organization"),
            MachineError::Table(error) => error.into(),
        }
    }
}

impl OnField for PriceTierError {
    fn on_field(self, name: &'static str) -> Problem {
        match self {
            Self::NotFound => Problem::field(name, "is no price tier of this organization"),
            Self::NameTaken => Problem::field(name, "is taken"),
            Self::LimitReached => Problem::field(name, "can't be added: there are 100 price tiers already"),
            Self::InUse(1) => Problem::field(name, "can't be removed: 1 customer is on it"),
            Self::InUse(customers) => {
                Problem::field(name, format!("can't be removed: {customers} customers are on it"))
            }
            Self::Table(error) => error.into(),
        }
    }
}

impl From<CustomerError> for Problem {
    fn from(error: CustomerError) -> Self {
        match error {
            CustomerError::NotFound => {
                Self::new(StatusCode::NOT_FOUND).detail("This organization has no such customer.")
            }
            CustomerError::NoPriceTier => Self::field("Pricing", "is no price tier of this organization"),
            CustomerError::Table(error) => error.into(),
        }
    }
}

impl From<AssociationError> for Problem {
    /// An account is named by `UserId` or by `Email`: a handler that takes both says which was sent.
    fn from(error: AssociationError) -> Self {
        error.on_field("UserId")
    }
}

impl OnField for AssociationError {
    fn on_field(self, name: &'static str) -> Problem {
        match self {
            Self::NoUser => Problem::field("UserId", "is no account's id"),
            Self::NoAccount => Problem::field("Email", "has no account"),
            Self::EmailNotVerified => Problem::field(name, EMAIL_NOT_VERIFIED),
            Self::NotAssociated => Problem::field("UserId", "has no customer in this organization"),
            Self::BadPageToken => Problem::field("PageToken", "is not of this query; begin with PageNumber"),
            Self::TooManyRows(max) => Problem::field(
                "Filters",
                format!(
                    "would have to test more than {max} rows one by one; add a filter that narrows: startswith, equals, \
                     gt, gte, lt or lte"
                ),
            ),
            Self::Table(error) => error.into(),
        }
    }
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        Self::internal(&error)
    }
}

#[cfg(test)]
mod tests {
    use axum::{http::header, response::IntoResponse};
    use table::OrganizationRecord;

    use super::*;
    use crate::request::{Fields, JsonObject};

    fn status(problem: impl Into<Problem>) -> u16 {
        problem.into().into_response().status().as_u16()
    }

    #[test]
    fn each_refusal_has_its_status() {
        let named = JsonObject::default().with("Name", "Acme".into());
        let organization = OrganizationRecord::new(Fields::read(named).unwrap());
        for (problem, expected) in [
            (Error::OrganizationGone.into(), 400),
            (Error::NotAdmin.into(), 403),
            (Error::CallerUnverified.into(), 403),
            (Error::InvalidKey.into(), 401),
            (Error::KeyReused.into(), 422),
            (Error::LimitReached { limited: Limited::Creations, seconds: 7 }.into(), 429),
            (Error::Unavailable("throttled".to_owned()).into(), 503),
            (Error::Internal("a broken item".into()).into(), 500),
            (SessionEnded.into(), 401),
            (SignUpError::AddressTaken.into(), 400),
            (SignUpError::TooManyMails(7).into(), 429),
            (LoginAttemptsError::TooMany(7).into(), 429),
            (LoginAttemptsError::TooManyFromSource(7).into(), 429),
            (LoginAttemptsError::OnlyFromKnownSources.into(), 429),
            (LinkError::Dead.into(), 400),
            (ExternalIdentityError::NoAccount.into(), 403),
            (ExternalIdentityError::BoundToAnother.into(), 403),
            (ExternalIdentityError::BoundToAnotherIssuer.into(), 403),
            (ExternalIdentityError::ForeignDomain.into(), 403),
            (SettingsError::StaleVersion.into(), 412),
            (SettingsError::NotAccepted(Box::new(organization)).into(), 400),
            (SettingsError::NameTaken.into(), 400),
            (AdminError::NoAccount.into(), 400),
            (AdminError::EmailNotVerified.into(), 400),
            (AdminError::NotAnAdmin.into(), 400),
            (AdminError::LastAdmin.into(), 400),
            (MachineError::NotFound.into(), 400),
            (PriceTierError::NotFound.on_field("Name"), 400),
            (PriceTierError::NameTaken.on_field("Name"), 400),
            (PriceTierError::InUse(2).on_field("Name"), 400),
            (PriceTierError::LimitReached.on_field("Name"), 400),
            (CustomerError::NotFound.into(), 404),
            (CustomerError::NoPriceTier.into(), 400),
            (AssociationError::NoUser.into(), 400),
            (AssociationError::NoAccount.into(), 400),
            (AssociationError::EmailNotVerified.into(), 400),
            (AssociationError::NotAssociated.into(), 400),
            (AssociationError::BadPageToken.into(), 400),
            (AssociationError::TooManyRows(1).into(), 400),
        ] {
            let problem: Problem = problem;
            let shown = format!("{problem:?}");
            assert_eq!(status(problem), expected, "{shown}");
        }
    }

    #[test]
    fn an_internal_error_says_nothing_of_its_cause() {
        let problem = Problem::from(Error::Internal("ORG#5f2b9c0e7d1a4b6c8e0f1a2b is broken".into()));
        let body = serde_json::to_value(&problem).unwrap();
        assert_eq!(body, serde_json::json!({"type": "about:blank", "title": "Internal Server Error", "status": 500}));
    }

    #[test]
    fn only_an_unavailable_table_asks_to_try_again() {
        let response = Problem::from(Error::Unavailable("throttled".to_owned())).into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        assert!(!Problem::from(Error::NotAdmin).into_response().headers().contains_key(header::RETRY_AFTER));
    }
}
