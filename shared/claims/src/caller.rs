//! What a caller claims to be, made of what the caller presents.

use domain::ids::{OrganizationId, UserId};

use crate::{Actor, ApiKey, Credentials, Identity, MachineIdentity, Principal, Role, TokenError};

/// A claim to the admin role of an organization: by a verified token, or by an API key that names it.
///
/// Nothing has been looked up yet: the role may have been taken away, and the key may be made up. The table's
/// `OrganizationScope` takes the claim and checks it at each call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminClaim {
    organization_id: OrganizationId,
    principal: Principal,
}

impl AdminClaim {
    /// The organization, read from the token or key and from nowhere else.
    #[must_use]
    pub fn organization_id(&self) -> &OrganizationId {
        &self.organization_id
    }

    /// The user or machine that calls.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The machine as the actor of a token that it asks for, where it is one.
    #[must_use]
    pub fn actor(&self) -> Option<Actor> {
        match &self.principal {
            Principal::Machine { client_id, .. } => Some(Actor { sub: client_id.clone() }),
            Principal::User { .. } => None,
        }
    }

    fn by_key(key: ApiKey) -> Self {
        let principal = Principal::Machine { client_id: key.client_id, secret_hash: Some(key.secret_hash) };
        Self { organization_id: key.organization_id, principal }
    }

    fn by_machine_token(machine: MachineIdentity) -> Self {
        let principal = Principal::Machine { client_id: machine.sub, secret_hash: None };
        Self { organization_id: machine.organization_id, principal }
    }
}

impl TryFrom<Credentials> for AdminClaim {
    type Error = TokenError;

    fn try_from(credentials: Credentials) -> Result<Self, TokenError> {
        match credentials {
            Credentials::Key(key) => Ok(Self::by_key(key)),
            Credentials::Token(Identity::Machine(machine)) => Ok(Self::by_machine_token(machine)),
            Credentials::Token(Identity::Organization(member)) if member.roles.contains(&Role::Admin) => {
                let email_verified = member.email_verified == Some(true);
                let principal = Principal::User { user_id: member.sub, email_verified };
                Ok(Self { organization_id: member.organization_id, principal })
            }
            Credentials::Token(_) => Err(TokenError::NotAdmin),
        }
    }
}

/// A caller with a user token. Whether the sign-in that it came from is the present one, the account says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSession {
    /// The user.
    pub user_id: UserId,
    /// The sign-in.
    pub session_id: String,
}

/// The owner of an account: by a user token, or by an organization token that the owner asked for.
///
/// Nothing has been looked up yet: the account says whether the token still stands for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountHolder {
    /// By a user token, which ends with its sign-in.
    Session(UserSession),
    /// By an organization token.
    Member {
        /// The user.
        user_id: UserId,
        /// Whether the account's address was verified when the token was made.
        email_verified: bool,
    },
}

impl AccountHolder {
    /// The account.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        match self {
            Self::Session(session) => &session.user_id,
            Self::Member { user_id, .. } => user_id,
        }
    }
}

impl TryFrom<Credentials> for AccountHolder {
    type Error = TokenError;

    fn try_from(credentials: Credentials) -> Result<Self, TokenError> {
        match credentials {
            Credentials::Token(Identity::User { sub, sid, .. }) => {
                Ok(Self::Session(UserSession { user_id: sub, session_id: sid }))
            }
            Credentials::Token(Identity::Organization(member)) if member.act.is_none() => {
                let email_verified = member.email_verified == Some(true);
                Ok(Self::Member { user_id: member.sub, email_verified })
            }
            Credentials::Token(_) | Credentials::Key(_) => Err(TokenError::NotOwner),
        }
    }
}

/// A caller whose token may be exchanged for an organization token: a user's, or a machine's of its own organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenExchanger {
    /// A user, by a user token.
    User(UserSession),
    /// A machine, by its token or key.
    Machine(AdminClaim),
}

impl TryFrom<Credentials> for TokenExchanger {
    type Error = TokenError;

    fn try_from(credentials: Credentials) -> Result<Self, TokenError> {
        match credentials {
            Credentials::Key(key) => Ok(Self::Machine(AdminClaim::by_key(key))),
            Credentials::Token(Identity::Machine(machine)) => Ok(Self::Machine(AdminClaim::by_machine_token(machine))),
            Credentials::Token(Identity::User { sub, sid, .. }) => {
                Ok(Self::User(UserSession { user_id: sub, session_id: sid }))
            }
            Credentials::Token(Identity::Organization(_)) => Err(TokenError::NotEnrichable),
        }
    }
}
