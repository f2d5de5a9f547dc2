//! The one place that maps an error to its answer. Where a request may call a field differently, the handler says how.

use claims::{KeySourceError, TokenError};
use domain::conditional::FailedPrecondition;
use plans::PlanLimit;
use table::{
    AcceptError, AddressChangeError, AdminError, AssociationError, CustomerError, Error, ExternalIdentityError,
    InvitationError, LeaveError, Limited, LinkError, ListError, LoginAttemptsError, MachineError, PlanLimitReached,
    PriceTierError, ProfileError, RemovalError, SessionEnded, SettingsError, SignUpError, SubscriptionError,
};

use super::{FieldCode, FieldErrors, Problem, ProblemCode};
use crate::password::PasswordError;

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

impl From<PlanLimitReached> for Problem {
    fn from(PlanLimitReached { limit, allowed }: PlanLimitReached) -> Self {
        let of_what = match limit {
            PlanLimit::Admins => "admins",
            PlanLimit::ApiKeys => "API keys",
            PlanLimit::PriceTiers => "price tiers",
        };
        let problem = Self::new(ProblemCode::PlanLimitReached)
            .detail(format!("The organization's plan allows {allowed} {of_what}, and they are all taken."));
        Self { entitlement: Some(limit), limit: Some(allowed), ..problem }
    }
}

impl From<SubscriptionError> for Problem {
    fn from(error: SubscriptionError) -> Self {
        match error {
            SubscriptionError::OrganizationNotFound => {
                Self::new(ProblemCode::UnknownOrganization).detail("No organization has this id.")
            }
            SubscriptionError::NotFound => {
                Self::new(ProblemCode::SubscriptionNotFound).detail("This organization has no such subscription.")
            }
            SubscriptionError::Table(error) => error.into(),
        }
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

impl From<InvitationError> for Problem {
    fn from(error: InvitationError) -> Self {
        match error {
            InvitationError::AlreadyMember => {
                Self::field("Email", FieldCode::AlreadyMember.says("belongs to the organization already"))
            }
            InvitationError::NotFound => {
                Self::new(ProblemCode::InvitationNotFound).detail("This organization has no such invitation.")
            }
            InvitationError::Closed => {
                Self::new(ProblemCode::InvitationClosed).detail("The invitation was accepted or withdrawn before.")
            }
            InvitationError::MailedLately(seconds) => {
                let detail = "The invitation was mailed within the hour; try again later.";
                Self::too_many(ProblemCode::RateLimited, seconds, detail)
            }
            InvitationError::TooManyMails(seconds) => {
                let detail = "Your organization has mailed this mailbox often enough for now; try again later.";
                Self::too_many(ProblemCode::RateLimited, seconds, detail)
            }
            InvitationError::Table(error) => error.into(),
        }
    }
}

impl From<AcceptError> for Problem {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::AccountNeeded => Self::field("Password", FieldCode::Required.says("is required")),
            AcceptError::PlanLimit(reached) => reached.into(),
            AcceptError::Link(error) => error.into(),
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

impl From<LeaveError> for Problem {
    fn from(error: LeaveError) -> Self {
        match error {
            LeaveError::NotAMember => {
                Self::new(ProblemCode::NotAMember).detail("You have no role in this organization.")
            }
            LeaveError::LastAdmin => {
                let error = FieldCode::LastAdmin.says("is of an organization whose last admin you are");
                Self::field("IdentityOrganizationId", error)
            }
            LeaveError::Table(error) => error.into(),
        }
    }
}

impl From<FailedPrecondition> for Problem {
    fn from(failed: FailedPrecondition) -> Self {
        precondition_failed("record", failed)
    }
}

fn precondition_failed(record: &str, failed: FailedPrecondition) -> Problem {
    let detail = match failed {
        FailedPrecondition::Match => format!("The {record} was changed since the version that If-Match names."),
        FailedPrecondition::NoneMatch => format!("The {record} is there in a version that If-None-Match names."),
    };
    Problem::new(ProblemCode::PreconditionFailed).detail(detail)
}

impl From<SettingsError> for Problem {
    fn from(error: SettingsError) -> Self {
        match error {
            SettingsError::Precondition(failed) => precondition_failed("organization", failed),
            SettingsError::NotAccepted(_) => {
                Self::new(ProblemCode::ValidationFailed).detail("A field that can't be changed has another value.")
            }
            SettingsError::NameTaken => name_taken("Name"),
            SettingsError::Table(error) => error.into(),
        }
    }
}

impl From<AdminError> for Problem {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::NoAccount => no_account(),
            AdminError::EmailNotVerified => email_not_verified("Email"),
            AdminError::NotAnAdmin => {
                let error = FieldCode::NotAnAdmin.says("is not an admin of this organization");
                Self::field("UserId", error)
            }
            AdminError::LastAdmin => {
                let error = FieldCode::LastAdmin.says("is the last admin of this organization");
                Self::field("UserId", error)
            }
            AdminError::PlanLimit(reached) => reached.into(),
            AdminError::Table(error) => error.into(),
        }
    }
}

impl From<RemovalError> for Problem {
    fn from(error: RemovalError) -> Self {
        match error {
            RemovalError::NotAUser => {
                let error = FieldCode::UserNotFound.says("is no user of this organization");
                Self::field("UserId", error)
            }
            RemovalError::LastAdmin => AdminError::LastAdmin.into(),
            RemovalError::Table(error) => error.into(),
        }
    }
}

impl From<MachineError> for Problem {
    fn from(error: MachineError) -> Self {
        match error {
            MachineError::NotFound => {
                let error = FieldCode::CredentialNotFound.says("is no machine credential of this organization");
                Self::field("ClientId", error)
            }
            MachineError::PlanLimit(reached) => reached.into(),
            MachineError::Table(error) => error.into(),
        }
    }
}

impl OnField for PriceTierError {
    fn on_field(self, name: &'static str) -> Problem {
        match self {
            Self::NotFound => no_price_tier(name),
            Self::NameTaken => name_taken(name),
            Self::LimitReached => {
                let error = FieldCode::PriceTierLimit.says("can't be added: there are 100 price tiers already");
                Problem::field(name, error)
            }
            Self::InUse(customers) => {
                let on_it = if customers == 1 { "customer is" } else { "customers are" };
                let error = FieldCode::PriceTierInUse.says(format!("can't be removed: {customers} {on_it} on it"));
                Problem::field(name, error)
            }
            Self::PlanLimit(reached) => reached.into(),
            Self::Table(error) => error.into(),
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

impl From<CustomerError> for Problem {
    fn from(error: CustomerError) -> Self {
        match error {
            CustomerError::Precondition(failed) => precondition_failed("customer", failed),
            CustomerError::NotFound => {
                Self::new(ProblemCode::CustomerNotFound).detail("This organization has no such customer.")
            }
            CustomerError::NoPriceTier => no_price_tier("Pricing"),
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
            Self::NoUser => {
                let error = FieldCode::AccountNotFound.says("is no account's id");
                Problem::field("UserId", error)
            }
            Self::NoAccount => no_account(),
            Self::EmailNotVerified => email_not_verified(name),
            Self::NotAssociated => {
                let error = FieldCode::NotAssociated.says("has no customer in this organization");
                Problem::field("UserId", error)
            }
            Self::Table(error) => error.into(),
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

fn name_taken(field: &'static str) -> Problem {
    Problem::field(field, FieldCode::Taken.says("is taken"))
}

fn no_account() -> Problem {
    Problem::field("Email", FieldCode::AccountNotFound.says("has no account"))
}

fn email_not_verified(field: &'static str) -> Problem {
    let error = FieldCode::EmailNotVerified.says("is of an account whose e-mail address isn't proven yet");
    Problem::field(field, error)
}

fn no_price_tier(field: &'static str) -> Problem {
    let error = FieldCode::PriceTierNotFound.says("is no price tier of this organization");
    Problem::field(field, error)
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        Self::internal(&error)
    }
}

#[cfg(test)]
mod tests;
