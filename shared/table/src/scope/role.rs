//! Checks in the table that a caller still has the role that the token claims, and that the token's sign-in goes on.

use claims::{Principal, SecretHash};
use domain::ids::OrganizationId;
use dynamo::{Expression, text};
use serde::Deserialize;

use super::keys;

/// The attributes of the items that decide whether a caller is authorized: the admin or machine item, the user's
/// account, and the organization's own item.
#[derive(Deserialize)]
pub(super) struct StandingItem {
    sk: String,
    #[serde(default)]
    secret_hash: Option<SecretHash>,
    #[serde(default)]
    session_id: String,
}

/// What the items say of a caller, in the order in which the answer is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Holds,
    /// The sign-in that the token came from has ended.
    SessionEnded,
    /// The role was taken away, or the key is none of the organization's.
    RoleLost,
}

impl StandingItem {
    /// The attributes to read.
    pub(super) const ATTRIBUTES: [&str; 3] = ["sk", "secret_hash", "session_id"];

    pub(super) fn is_organization(&self) -> bool {
        self.sk == keys::ORGANIZATION
    }
}

/// Returns the keys of the items that decide whether the caller is authorized.
pub(super) fn standing_keys(organization: &OrganizationId, caller: &Principal) -> Vec<dynamo::Key> {
    [key(organization, caller)].into_iter().chain(session(caller).map(|(key, _)| key)).collect()
}

/// Returns what these items, read at [`standing_keys`], say of the caller.
pub(super) fn standing(organization: &OrganizationId, caller: &Principal, items: &[StandingItem]) -> Standing {
    let at = |key: &dynamo::Key| items.iter().find(|item| item.sk == key.sk);
    if let (Principal::User { session_id: Some(session), .. }, Some((key, _))) = (caller, session(caller))
        && at(&key).is_none_or(|account| account.session_id != *session)
    {
        return Standing::SessionEnded;
    }
    match at(&key(organization, caller)) {
        Some(item) if holds(caller, item) => Standing::Holds,
        _ => Standing::RoleLost,
    }
}

/// Returns whether the caller's admin or machine item authorizes the caller.
pub(super) fn holds(caller: &Principal, item: &StandingItem) -> bool {
    match caller {
        Principal::Machine { secret_hash: Some(hash), .. } => item.secret_hash.as_ref() == Some(hash),
        Principal::User { .. } | Principal::Machine { secret_hash: None, .. } => true,
    }
}

/// Returns the key of the item whose existence is the caller's role.
pub(super) fn key(organization: &OrganizationId, caller: &Principal) -> dynamo::Key {
    match caller {
        Principal::User { user_id, .. } => keys::admin(organization, user_id).into_key().into_raw(),
        Principal::Machine { client_id, .. } => keys::machine(organization, client_id).into_key().into_raw(),
    }
}

/// Returns the condition under which that item authorizes the caller.
pub(super) fn condition(caller: &Principal) -> Expression {
    match caller {
        Principal::Machine { secret_hash: Some(hash), .. } => {
            Expression::condition("secret_hash = :secret_hash").value(":secret_hash", text(hash.as_str()))
        }
        Principal::User { .. } | Principal::Machine { secret_hash: None, .. } => Expression::default(),
    }
}

/// Returns the condition on an account or a credential that this sign-in is its present one.
pub(crate) fn session_goes_on(session_id: &str) -> Expression {
    if session_id.is_empty() {
        // An account from before sessions has none until its next new password.
        return Expression::condition("attribute_not_exists(session_id)");
    }
    Expression::condition("session_id = :seen_session").value(":seen_session", text(session_id))
}

/// Returns the key of the account of a user whose token names its sign-in, and the condition that it goes on.
pub(super) fn session(caller: &Principal) -> Option<(dynamo::Key, Expression)> {
    let Principal::User { user_id, session_id: Some(session_id) } = caller else { return None };
    Some((keys::account(user_id).into_raw(), session_goes_on(session_id)))
}
