//! Checks in the table that a caller still has the role that the token claims, and that the token's sign-in goes on.

use claims::{AdminClaim, MachineAccess, Operation, Principal, SecretHash};
use domain::clock::now;
use dynamo::{Expression, number, text};
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
    access: MachineAccess,
    /// A failed condition returns an item that has expired, too.
    #[serde(default)]
    expires_at: Option<u64>,
    #[serde(default)]
    session_id: String,
    /// The names of an admin or of an account, where they were read.
    #[serde(default)]
    first_name: Option<String>,
    #[serde(default)]
    last_name: Option<String>,
}

/// What the items say of a caller, in the order in which the answer is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Holds,
    /// The sign-in that the token came from has ended.
    SessionEnded,
    /// The role was taken away, or the key is none of the organization's.
    RoleLost,
    /// The access of the machine's credential doesn't cover the request.
    NotCovered,
}

impl StandingItem {
    /// The attributes to read.
    pub(super) const ATTRIBUTES: [&str; 4] = ["sk", "secret_hash", "access", "session_id"];
    /// The attributes to read where the caller's name is needed as well.
    pub(super) const ATTRIBUTES_AND_NAME: [&str; 6] =
        ["sk", "secret_hash", "access", "session_id", "first_name", "last_name"];

    pub(super) fn is_organization(&self) -> bool {
        self.sk == keys::ORGANIZATION
    }

    /// Whether the item stays until somebody deletes it. Every read has `expires_at`, whether asked for it or not.
    pub(super) fn is_endless(&self) -> bool {
        self.expires_at.is_none()
    }
}

/// Returns the keys of the items that decide whether the caller is authorized.
pub(super) fn standing_keys(claim: &AdminClaim) -> Vec<dynamo::Key> {
    [key(claim)].into_iter().chain(session(claim.principal()).map(|(key, _)| key)).collect()
}

/// Returns what these items, read at [`standing_keys`], say of the caller.
pub(super) fn standing(claim: &AdminClaim, items: &[StandingItem]) -> Standing {
    let caller = claim.principal();
    let at = |key: &dynamo::Key| items.iter().find(|item| item.sk == key.sk);
    if let (Principal::User { session_id: Some(session), .. }, Some((key, _))) = (caller, session(caller))
        && at(&key).is_none_or(|account| account.session_id != *session)
    {
        return Standing::SessionEnded;
    }
    role(claim, at(&key(claim)))
}

/// Returns what the caller's admin or machine item says of the caller.
pub(super) fn role(claim: &AdminClaim, item: Option<&StandingItem>) -> Standing {
    let Some(item) = item.filter(|item| item.expires_at.is_none_or(|end| end > now())) else {
        return Standing::RoleLost;
    };
    match claim.principal() {
        Principal::Machine { secret_hash: Some(hash), .. } if item.secret_hash.as_ref() != Some(hash) => {
            Standing::RoleLost
        }
        Principal::Machine { .. } if !item.access.covers(claim.operation()) => Standing::NotCovered,
        Principal::Machine { .. } | Principal::User { .. } => Standing::Holds,
    }
}

/// Returns the caller's full name out of the admin item, where these items were read with names. A machine has none.
pub(super) fn full_name(claim: &AdminClaim, items: &[StandingItem]) -> Option<String> {
    let key = key(claim);
    let admin = items.iter().find(|item| item.sk == key.sk)?;
    Some(format!("{} {}", admin.first_name.as_deref()?, admin.last_name.as_deref()?))
}

/// Returns the key of the item whose existence is the caller's role.
pub(super) fn key(claim: &AdminClaim) -> dynamo::Key {
    let organization = claim.organization_id();
    match claim.principal() {
        Principal::User { user_id, .. } => keys::admin(organization, user_id).into_key().into_raw(),
        Principal::Machine { client_id, .. } => keys::machine(organization, client_id).into_key().into_raw(),
    }
}

/// Returns the condition under which that item authorizes the caller.
pub(super) fn condition(claim: &AdminClaim) -> Expression {
    let Principal::Machine { secret_hash, .. } = claim.principal() else { return Expression::default() };
    let unexpired = Expression::condition("attribute_not_exists(expires_at) OR expires_at > :now")
        .value(":now", number(now()))
        .and(covers(claim.operation()));
    match secret_hash {
        Some(hash) => {
            let secret = Expression::condition("secret_hash = :secret_hash");
            unexpired.and(secret.value(":secret_hash", text(hash.as_str())))
        }
        None => unexpired,
    }
}

/// Returns the condition that the access of a machine's credential covers an operation. A credential without one is
/// from before there were several.
fn covers(operation: Operation) -> Expression {
    let [one, other] = MachineAccess::covering(operation);
    Expression::condition("attribute_not_exists(#access) OR #access IN (:access, :other_access)")
        .name("#access", "access")
        .value(":access", text(one.as_str()))
        .value(":other_access", text(other.as_str()))
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
    let Principal::User { user_id, session_id: Some(session_id), .. } = caller else { return None };
    Some((keys::account(user_id).into_raw(), session_goes_on(session_id)))
}
