//! Claims about a caller, made from the caller's credentials.

use domain::ids::{OrganizationId, UserId};

use crate::{Actor, ApiKey, Credentials, Identity, MachineIdentity, Operation, Principal, Role, TokenError};

/// What a caller claims to be, by the credentials of a request.
pub trait CallerClaim: Sized {
    /// Reads the claim of a request that does `operation`.
    ///
    /// # Errors
    /// The credentials are of another kind than the claim needs.
    fn claim(credentials: Credentials, operation: Operation) -> Result<Self, TokenError>;
}

/// A claim to the admin role of an organization, by a verified token or by an API key that names the organization.
///
/// Nothing has been looked up yet: the role may have been revoked, and the key may be invented. The table's
/// `OrganizationScope` takes the claim and checks it at each call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminClaim {
    organization_id: OrganizationId,
    principal: Principal,
    operation: Operation,
}

impl AdminClaim {
    /// Returns the organization, which is read from the token or key and from nowhere else.
    #[must_use]
    pub fn organization_id(&self) -> &OrganizationId {
        &self.organization_id
    }

    /// Returns the user or machine that calls.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Returns what the request does, which a machine's access has to cover.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// Returns the machine as the actor of a token that it asks for, or `None` if the caller is a user.
    #[must_use]
    pub fn actor(&self) -> Option<Actor> {
        match &self.principal {
            Principal::Machine { client_id, .. } => Some(Actor { sub: client_id.clone() }),
            Principal::User { .. } => None,
        }
    }

    fn by_key(key: ApiKey, operation: Operation) -> Self {
        let principal = Principal::Machine { client_id: key.client_id, secret_hash: Some(key.secret_hash) };
        Self { organization_id: key.organization_id, principal, operation }
    }

    fn by_machine_token(machine: MachineIdentity, operation: Operation) -> Self {
        let principal = Principal::Machine { client_id: machine.sub, secret_hash: None };
        Self { organization_id: machine.organization_id, principal, operation }
    }
}

impl CallerClaim for AdminClaim {
    fn claim(credentials: Credentials, operation: Operation) -> Result<Self, TokenError> {
        match credentials {
            Credentials::Key(key) => Ok(Self::by_key(key, operation)),
            Credentials::Token(Identity::Machine(machine)) => Ok(Self::by_machine_token(machine, operation)),
            Credentials::Token(Identity::Organization(member)) if member.roles.contains(&Role::Admin) => {
                let email_verified = member.email_verified == Some(true);
                let principal = Principal::User { user_id: member.sub, session_id: member.sid, email_verified };
                Ok(Self { organization_id: member.organization_id, principal, operation })
            }
            Credentials::Token(_) => Err(TokenError::NotAdmin),
        }
    }
}

/// A caller with a user token. Only the account tells whether the token's sign-in is still the current one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSession {
    /// The user.
    pub user_id: UserId,
    /// The sign-in.
    pub session_id: String,
}

/// A claim to own an account, by a user token or by an organization token that the owner asked for.
///
/// Nothing has been looked up yet. Only the account tells whether the token's sign-in is still the current one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountHolder {
    /// The user.
    pub user_id: UserId,
    /// The sign-in that the token came from. `None` if the token is from before organization tokens named it.
    pub session_id: Option<String>,
}

impl CallerClaim for AccountHolder {
    fn claim(credentials: Credentials, _: Operation) -> Result<Self, TokenError> {
        match credentials {
            Credentials::Token(Identity::User { sub, sid, .. }) => Ok(Self { user_id: sub, session_id: Some(sid) }),
            Credentials::Token(Identity::Organization(member)) if member.act.is_none() => {
                Ok(Self { user_id: member.sub, session_id: member.sid })
            }
            Credentials::Token(_) | Credentials::Key(_) => Err(TokenError::NotOwner),
        }
    }
}

/// A caller that may exchange credentials for an organization token: a user, or a machine in its own organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenExchanger {
    /// A user with a user token.
    User(UserSession),
    /// A machine with a token or an API key.
    Machine(AdminClaim),
}

impl CallerClaim for TokenExchanger {
    fn claim(credentials: Credentials, _: Operation) -> Result<Self, TokenError> {
        match credentials {
            Credentials::Key(key) => Ok(Self::Machine(AdminClaim::by_key(key, Operation::Exchange))),
            Credentials::Token(Identity::Machine(machine)) => {
                Ok(Self::Machine(AdminClaim::by_machine_token(machine, Operation::Exchange)))
            }
            Credentials::Token(Identity::User { sub, sid, .. }) => {
                Ok(Self::User(UserSession { user_id: sub, session_id: sid }))
            }
            Credentials::Token(Identity::Organization(_)) => Err(TokenError::NotEnrichable),
        }
    }
}
