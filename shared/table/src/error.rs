use claims::KeySourceError;
use dynamo::Refused;

/// Why the table refused a call, or could not answer it. Knows nothing of HTTP.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The organization of the caller's token no longer exists.
    #[error("the organization no longer exists")]
    OrganizationGone,
    /// The caller is no admin of the organization, whatever the token says.
    #[error("the caller is not an admin of the organization")]
    NotAdmin,
    /// The caller's API key is none of the organization's, or was revoked.
    #[error("the API key is not valid")]
    InvalidKey,
    /// The organization has no machine credential of this id.
    #[error("the organization has no such machine credential")]
    NoCredential,
    /// No organization has this code.
    #[error("no organization has this code")]
    UnknownOrganizationCode,
    /// The user has no role in the organization.
    #[error("the user has no role in the organization")]
    NoAccessToOrganization,
    /// No account has this e-mail address.
    #[error("no account has this e-mail address")]
    NoAccount,
    /// The account's address isn't proven, and has to be for this. Named by the field that the caller sent.
    #[error("the account's address is not proven")]
    AddressUnproven(&'static str),
    /// The sign-in that the caller's token came from has ended.
    #[error("the sign-in has ended")]
    SessionEnded,
    /// The old password is wrong.
    #[error("the old password is wrong")]
    WrongOldPassword,
    /// A mailed link was used, is void or has expired.
    #[error("the link is used, void or expired")]
    DeadLink,
    /// Too many passwords were tried; seconds until another may be.
    #[error("too many passwords were tried")]
    TooManyTries(u64),
    /// An account has this e-mail address already.
    #[error("an account has this e-mail address already")]
    AddressTaken,
    /// The user to be demoted is no admin of the organization.
    #[error("the user is not an admin of the organization")]
    UserNotAdmin,
    /// The user to be demoted is the only admin that the organization has.
    #[error("the user is the last admin of the organization")]
    LastAdmin,
    /// The version that the caller saw is not the present one.
    #[error("the organization was changed meanwhile")]
    StaleVersion,
    /// Another organization has the name.
    #[error("another organization has the name")]
    OrganizationNameTaken,
    /// No account has this id.
    #[error("no account has this id")]
    NoUser,
    /// The user has no customer in the organization.
    #[error("the user has no customer in the organization")]
    NotAssociated,
    /// The organization has no such price tier.
    #[error("the organization has no such price tier")]
    NoTier,
    /// The organization has no price tier of the name that is to be changed.
    #[error("the organization has no price tier of the old name")]
    NoOldTier,
    /// Another of the organization's price tiers has the name.
    #[error("another price tier has the name")]
    TierNameTaken,
    /// Another of the organization's price tiers has the name that one is to get.
    #[error("another price tier has the new name")]
    NewTierNameTaken,
    /// The organization has as many price tiers as it may have.
    #[error("the organization has as many price tiers as it may have")]
    TooManyTiers,
    /// So many customers are on the price tier.
    #[error("{0} customers are on the price tier")]
    TierInUse(u64),
    /// The organization has no price tier of the name that a customer is to be put on.
    #[error("the organization has no price tier of this name for the customer")]
    NoTierForCustomer,
    /// The organization has no customer of this number.
    #[error("the organization has no customer of this number")]
    NoCustomer,
    /// The user's customer is inactive.
    #[error("the user's customer is inactive")]
    InactiveCustomer,
    /// A page token was altered, or is of another query or organization.
    #[error("the page token is not of this query")]
    BadPageToken,
    /// More rows than this would have to be read and tested one by one.
    #[error("more than {0} rows would have to be tested")]
    TooManyRows(u64),
    /// There is no signing key of this id, or it ends sooner.
    #[error("there is no signing key of this id, or it ends sooner")]
    NoKey,
    /// No account here has the address that another issuer verified.
    #[error("no account has the verified address")]
    NoAccountHere,
    /// The account is bound to another identity of the same issuer.
    #[error("the account is bound to another identity of the issuer")]
    BoundToAnother,
    /// The key of a request was used for another one.
    #[error("the idempotency key was used with another body")]
    KeyReused,
    /// The table is throttled, busy or out of reach, for this reason.
    #[error("the table is out of reach: {0}")]
    Unavailable(String),
    /// A defect: the call can't succeed by being made again.
    #[error("the table failed")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
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

impl From<Refused<Self>> for Error {
    fn from(refused: Refused<Self>) -> Self {
        match refused {
            Refused::Conditions(failed) => match failed.into_iter().next() {
                Some((refusal, _)) => refusal,
                None => Self::Internal("a transaction was cancelled without a reason".into()),
            },
            Refused::Failed(error) => error.into(),
        }
    }
}

impl<R> From<Error> for Refused<R> {
    fn from(error: Error) -> Self {
        Self::Failed(match error {
            Error::Unavailable(cause) => dynamo::Error::Unavailable(cause),
            error => dynamo::Error::Internal(error.into()),
        })
    }
}
