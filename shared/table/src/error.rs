//! Errors of the use cases: the reasons why a call was refused or could not be answered. They know neither HTTP nor the
//! names of a request's fields.

use claims::KeySourceError;
use domain::conditional::FailedPrecondition;

use crate::{Limited, PlanLimitReached, records::OrganizationRecord};

/// The reasons why any call may fail.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The sign-in that the caller's token came from has ended.
    #[error("the sign-in has ended")]
    SessionEnded,
    /// The organization of the caller's token no longer exists.
    #[error("the organization no longer exists")]
    OrganizationGone,
    /// The caller is not an admin of the organization, even if the token says so.
    #[error("the caller is not an admin of the organization")]
    NotAdmin,
    /// The caller has not verified an address, and would have others mailed.
    #[error("the caller's address is not verified")]
    CallerUnverified,
    /// The caller's API key is not one of the organization's, or was revoked.
    #[error("the API key is not valid")]
    InvalidKey,
    /// The access of the machine's credential doesn't cover the request.
    #[error("the machine's access doesn't cover this")]
    AccessNotCovered,
    /// The idempotency key of a request was used for another one.
    #[error("the idempotency key was used with another body")]
    KeyReused,
    /// The caller's source or organization has made as much as it may for now.
    #[error("a limit is reached")]
    LimitReached {
        /// What was made.
        limited: Limited,
        /// The seconds until more may be made.
        seconds: u64,
    },
    /// The table is throttled, busy or out of reach, for this reason.
    #[error("the table is out of reach: {0}")]
    Unavailable(String),
    /// A defect: another attempt can't succeed.
    #[error("the table failed")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// Returns the error for an account that changed since it was read. The next attempt reads it again.
    pub(crate) fn account_changed() -> Self {
        Self::Unavailable("an account was changed meanwhile".to_owned())
    }

    /// Returns the error for a random id that already exists, which is a defect: by chance it does not happen.
    pub(crate) fn id_taken() -> Self {
        Self::Internal("a random id was taken".into())
    }
}

impl From<dynamo::Error> for Error {
    fn from(error: dynamo::Error) -> Self {
        match error {
            dynamo::Error::Unavailable(cause) => Self::Unavailable(cause),
            dynamo::Error::Internal(cause) => Self::Internal(cause),
        }
    }
}

impl From<KeySourceError> for Error {
    fn from(error: KeySourceError) -> Self {
        match error {
            KeySourceError::Unavailable(cause) => Self::Unavailable(cause),
            KeySourceError::Internal(cause) => Self::Internal(cause),
        }
    }
}

/// The sign-in that a token came from has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sign-in has ended")]
pub struct SessionEnded;

/// The reason why an account isn't made.
#[derive(Debug, thiserror::Error)]
pub enum SignUpError {
    /// An account has the e-mail address already.
    #[error("an account has this e-mail address already")]
    AddressTaken,
    /// An error that any call may meet.
    #[error(transparent)]
    Table(#[from] Error),
}

/// The reason why nobody is invited, or why an invitation isn't changed.
#[derive(Debug, thiserror::Error)]
pub enum InvitationError {
    /// The owner of the address belongs to the organization already.
    #[error("the person belongs to the organization already")]
    AlreadyMember,
    /// The organization has no such invitation, or has forgotten it.
    #[error("the organization has no such invitation")]
    NotFound,
    /// The invitation was accepted or withdrawn.
    #[error("the invitation was accepted or withdrawn")]
    Closed,
    /// The last link was mailed within the hour. Holds the seconds until another one may be.
    #[error("the invitation was mailed within the hour")]
    MailedLately(u64),
    /// The organization has mailed the mailbox often enough. Holds the seconds until it may again.
    #[error("the organization has mailed this mailbox often enough for now")]
    TooManyMails(u64),
    /// An error that any call may meet.
    #[error(transparent)]
    Table(#[from] Error),
}

/// The reason why an invitation isn't accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The address has no account, and a name or the password of the one to make is missing.
    #[error("the address has no account")]
    AccountNeeded,
    /// The organization has as many admins as its plans allow.
    #[error("a limit of the organization's plan is reached")]
    PlanLimit(PlanLimitReached),
    /// The link can't be used.
    #[error(transparent)]
    Link(#[from] LinkError),
}

impl From<Error> for AcceptError {
    fn from(error: Error) -> Self {
        Self::Link(error.into())
    }
}

/// The reason why a password may not be tried.
#[derive(Debug, thiserror::Error)]
pub enum LoginAttemptsError {
    /// Too many passwords were tried. Holds the seconds until the next attempt is allowed.
    #[error("too many passwords were tried")]
    TooMany(u64),
    /// Too many passwords were tried from this source, whatever the addresses. Holds the seconds until the next attempt
    /// is allowed.
    #[error("too many passwords were tried from one source")]
    TooManyFromSource(u64),
    /// So many passwords were tried since the address last signed in that only sources may try that it has signed in
    /// from.
    #[error("too many passwords were tried since the last success")]
    OnlyFromKnownSources,
    /// An error that any call may meet.
    #[error(transparent)]
    Table(#[from] Error),
}

/// The reason why a mailed link can't be used.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The link was used, is void or has expired.
    #[error("the link is used, void or expired")]
    Dead,
    /// An error that any call may meet.
    #[error(transparent)]
    Table(#[from] Error),
}

/// The reason why an address isn't made an account's.
#[derive(Debug, thiserror::Error)]
pub enum AddressChangeError {
    /// Another account has the address by now.
    #[error("another account has this e-mail address")]
    Taken,
    /// The link can't be used.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// An error that any call may meet.
    #[error(transparent)]
    Table(#[from] Error),
}

/// The reason why a subscription isn't set or ended.
#[derive(Debug, thiserror::Error)]
pub enum SubscriptionError {
    /// There is no such organization.
    #[error("there is no such organization")]
    OrganizationNotFound,
    /// The organization has no such subscription.
    #[error("the organization has no such subscription")]
    NotFound,
    /// An error that any call may meet.
    #[error(transparent)]
    Table(#[from] Error),
}

/// The reason why an identity of an identity provider stands for no account.
#[derive(Debug, thiserror::Error)]
pub enum ExternalIdentityError {
    /// No account here has the address that the identity provider verified.
    #[error("no account has the verified address")]
    NoAccount,
    /// The account is bound to another identity of the same identity provider.
    #[error("the account is bound to another identity of the issuer")]
    BoundToAnother,
    /// The account is bound to an identity of another identity provider.
    #[error("the account is bound to another issuer")]
    BoundToAnotherIssuer,
    /// The identity provider may not speak for addresses of this domain, and the identity is bound to no account.
    #[error("the issuer may not speak for the address's domain")]
    ForeignDomain,
    /// An error that any call may meet.
    #[error(transparent)]
    Table(#[from] Error),
}

/// The reason why an organization's settings aren't changed.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The caller asks for another version than the present one.
    #[error("the organization: {0}")]
    Precondition(#[from] FailedPrecondition),
    /// The caller doesn't accept the present record, which this is.
    #[error("the organization isn't as the caller says")]
    NotAccepted(Box<OrganizationRecord>),
    /// Another organization has the name.
    #[error("another organization has the name")]
    NameTaken,
    /// An error that any call may meet.
    #[error(transparent)]
    Table(#[from] Error),
}

/// The reason why an admin isn't made or removed.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// No account has the e-mail address.
    #[error("no account has this e-mail address")]
    NoAccount,
    /// The account's address isn't verified, and has to be.
    #[error("the account's address is not verified")]
    EmailNotVerified,
    /// The user to be demoted is no admin of the organization.
    #[error("the user is not an admin of the organization")]
    NotAnAdmin,
    /// The user to be demoted is the only admin that the organization has.
    #[error("the user is the last admin of the organization")]
    LastAdmin,
    /// The organization has as many admins as its plans allow.
    #[error("a limit of the organization's plan is reached")]
    PlanLimit(PlanLimitReached),
    /// An error that any call may meet.
    #[error(transparent)]
    Table(#[from] Error),
}

/// The reason why a user can't leave an organization.
#[derive(Debug, thiserror::Error)]
pub enum LeaveError {
    /// The user has no role in the organization.
    #[error("the user has no role in the organization")]
    NotAMember,
    /// The user is the only admin that the organization has.
    #[error("the user is the last admin of the organization")]
    LastAdmin,
    /// An error that any call may meet.
    #[error(transparent)]
    Table(#[from] Error),
}

/// The reason why a user isn't removed from an organization.
#[derive(Debug, thiserror::Error)]
pub enum RemovalError {
    /// The user has no role in the organization, and no invitation into it.
    #[error("the user does not belong to the organization")]
    NotAUser,
    /// The user is the only admin that the organization has.
    #[error("the user is the last admin of the organization")]
    LastAdmin,
    /// An error that any call may meet.
    #[error(transparent)]
    Table(#[from] Error),
}

/// The reason why a machine credential isn't made or removed.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// The organization has no machine credential of this id.
    #[error("the organization has no such machine credential")]
    NotFound,
    /// The organization has as many machine credentials as its plans allow.
    #[error("a limit of the organization's plan is reached")]
    PlanLimit(PlanLimitReached),
    /// An error that any call may meet.
    #[error(transparent)]
    Table(#[from] Error),
}

/// The reason why a price tier isn't added, changed or removed.
#[derive(Debug, thiserror::Error)]
pub enum PriceTierError {
    /// The organization has no price tier of this name.
    #[error("the organization has no such price tier")]
    NotFound,
    /// Another of the organization's price tiers has the name.
    #[error("another price tier has the name")]
    NameTaken,
    /// So many customers are on the price tier.
    #[error("{0} customers are on the price tier")]
    InUse(u64),
    /// The organization has as many price tiers as it may have.
    #[error("the organization has as many price tiers as it may have")]
    LimitReached,
    /// The organization has as many price tiers as its plans allow.
    #[error("a limit of the organization's plan is reached")]
    PlanLimit(PlanLimitReached),
    /// An error that any call may meet.
    #[error(transparent)]
    Table(#[from] Error),
}

/// The reason why an account isn't changed by its owner.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The caller asks for another version than the present one.
    #[error("the account: {0}")]
    Precondition(#[from] FailedPrecondition),
    /// An error that any call may meet.
    #[error(transparent)]
    Table(#[from] Error),
}

/// The reason why a customer isn't found or put.
#[derive(Debug, thiserror::Error)]
pub enum CustomerError {
    /// The caller asks for another version than the present one.
    #[error("the customer: {0}")]
    Precondition(#[from] FailedPrecondition),
    /// The organization has no customer of this number.
    #[error("the organization has no customer of this number")]
    NotFound,
    /// The organization has no price tier of the name that the customer is to be put on.
    #[error("the organization has no price tier of this name for the customer")]
    NoPriceTier,
    /// An error that any call may meet.
    #[error(transparent)]
    Table(#[from] Error),
}

/// The reason why an association isn't made or removed.
#[derive(Debug, thiserror::Error)]
pub enum AssociationError {
    /// No account has this id.
    #[error("no account has this id")]
    NoUser,
    /// No account has this e-mail address.
    #[error("no account has this e-mail address")]
    NoAccount,
    /// The account's address isn't verified, and has to be.
    #[error("the account's address is not verified")]
    EmailNotVerified,
    /// The user has no customer in the organization.
    #[error("the user has no customer in the organization")]
    NotAssociated,
    /// An error that any call may meet.
    #[error(transparent)]
    Table(#[from] Error),
}

/// The reason why a page isn't listed.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// A page token was altered, or is of another query, list or organization.
    #[error("the page token is not of this query")]
    BadPageToken,
    /// More rows than this would have to be read and tested one by one.
    #[error("more than {0} rows would have to be tested")]
    TooManyRows(u64),
    /// An error that any call may meet.
    #[error(transparent)]
    Table(#[from] Error),
}
