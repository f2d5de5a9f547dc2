use axum::{
    extract::{FromRef, FromRequestParts},
    http::{HeaderMap, HeaderName, header, request::Parts},
};

use super::{Actor, ApiKey, Identity, MachineIdentity, Principal, Role, TokenError};
use crate::{
    App,
    ids::{OrganizationId, UserId},
    problem::Problem,
    table::{self, Account},
};

/// Carries an API key, or an access token.
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// A caller with the admin role of an organization: by a verified token, or by an API key that names it. The only way to the
/// organization's part of the table; whether the role (and the key) holds is checked there, at each call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admin {
    organization_id: OrganizationId,
    principal: Principal,
}

impl Admin {
    /// The organization, read from the token and from nowhere else.
    #[must_use]
    pub fn organization_id(&self) -> &OrganizationId {
        &self.organization_id
    }

    /// Who it is.
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

    /// Notes that a machine's credential is in use, once the request has succeeded.
    fn noted(self, app: &App) -> Self {
        if let Principal::Machine { client_id, .. } = &self.principal {
            app.note_use(self.organization_id.clone(), client_id.clone());
        }
        self
    }
}

impl<S: Sync> FromRequestParts<S> for Admin
where
    App: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let app = App::from_ref(state);
        match presented(&parts.headers, &app).await? {
            Presented::Key(key) => Ok(Self::by_key(key).noted(&app)),
            Presented::Token(Identity::Machine(machine)) => Ok(Self::by_machine_token(machine).noted(&app)),
            Presented::Token(Identity::Organization(member)) if member.roles.contains(&Role::Admin) => {
                let proven = member.email_verified == Some(true);
                let principal = Principal::User { user_id: member.sub, proven };
                Ok(Self { organization_id: member.organization_id, principal })
            }
            Presented::Token(_) => Err(TokenError::NotAdmin.into()),
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountHolder {
    user_id: UserId,
    standing: HolderStanding,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum HolderStanding {
    Session(String),
    Organization { proven: bool },
}

impl AccountHolder {
    /// The account.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.user_id
    }

    /// Asks whether the token still stands for the account: a user token ends with its sign-in, and the first proof of the
    /// address ends an organization token from before.
    ///
    /// # Errors
    /// [`table::Error::SessionEnded`].
    pub fn require_standing(&self, account: &Account) -> Result<(), table::Error> {
        match &self.standing {
            HolderStanding::Session(session_id) => account.require_session(session_id),
            HolderStanding::Organization { proven } if *proven || !account.proven => Ok(()),
            HolderStanding::Organization { .. } => Err(table::Error::SessionEnded),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for AccountHolder
where
    App: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let app = App::from_ref(state);
        match presented(&parts.headers, &app).await? {
            Presented::Token(Identity::User { sub, sid, .. }) => {
                Ok(Self { user_id: sub, standing: HolderStanding::Session(sid) })
            }
            Presented::Token(Identity::Organization(member)) if member.act.is_none() => {
                let proven = member.email_verified == Some(true);
                Ok(Self { user_id: member.sub, standing: HolderStanding::Organization { proven } })
            }
            Presented::Token(_) | Presented::Key(_) => Err(TokenError::NotOwner.into()),
        }
    }
}

/// A caller whose token may be enriched: a user's, or a machine's of its own organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Enricher {
    /// A user, by a user token.
    User(UserSession),
    /// A machine, by its token or key.
    Machine(Admin),
}

impl<S: Sync> FromRequestParts<S> for Enricher
where
    App: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let app = App::from_ref(state);
        match presented(&parts.headers, &app).await? {
            Presented::Key(key) => Ok(Self::Machine(Admin::by_key(key).noted(&app))),
            Presented::Token(Identity::Machine(machine)) => {
                Ok(Self::Machine(Admin::by_machine_token(machine).noted(&app)))
            }
            Presented::Token(Identity::User { sub, sid, .. }) => {
                Ok(Self::User(UserSession { user_id: sub, session_id: sid }))
            }
            Presented::Token(Identity::Organization(_)) => Err(TokenError::NotEnrichable.into()),
        }
    }
}

/// Whether a request carries a token or a key, good or bad.
#[must_use]
pub fn are_presented(headers: &HeaderMap) -> bool {
    !matches!(bearer(headers), Err(TokenError::Missing)) || headers.contains_key(API_KEY)
}

/// What a caller presents.
enum Presented {
    /// An API key, not yet checked.
    Key(ApiKey),
    /// A verified token.
    Token(Identity),
}

/// A Bearer token wins over `x-api-key`, also where it is invalid.
async fn presented(headers: &HeaderMap, app: &App) -> Result<Presented, TokenError> {
    let token = match bearer(headers) {
        Err(TokenError::Missing) => {
            let value = headers.get(API_KEY).ok_or(TokenError::Missing)?;
            let value = value.to_str().map_err(|_| TokenError::Invalid)?.trim();
            if let Some(key) = ApiKey::parse(value) {
                return Ok(Presented::Key(key));
            }
            value
        }
        token => token?,
    };
    Ok(Presented::Token(app.verifier.verify(token).await?.identity.clone()))
}

/// The token of the `Authorization` header (RFC 6750, section 2.1); the scheme's name is read without case (RFC 9110).
///
/// # Errors
/// There is none, or it is malformed.
pub fn bearer(headers: &HeaderMap) -> Result<&str, TokenError> {
    let value = headers.get(header::AUTHORIZATION).ok_or(TokenError::Missing)?;
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(TokenError::Invalid)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(TokenError::Missing) }
}
