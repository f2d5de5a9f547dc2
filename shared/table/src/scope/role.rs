//! Checks in the table that a caller still has the role that the token claims.

use claims::{Principal, SecretHash};
use domain::ids::OrganizationId;
use dynamo::{Expression, text};
use serde::Deserialize;

use super::keys;

/// The attributes of an admin or machine item that decide whether it authorizes a caller.
#[derive(Deserialize)]
pub(super) struct RoleItem {
    pub(super) sk: String,
    /// Whether the admin's address is verified. If so, tokens from before the verification are refused.
    #[serde(default, rename = "proven")]
    email_verified: bool,
    #[serde(default)]
    secret_hash: Option<SecretHash>,
}

impl RoleItem {
    /// The attributes to read.
    pub(super) const ATTRIBUTES: [&str; 3] = ["sk", "proven", "secret_hash"];

    pub(super) fn authorizes(&self, caller: &Principal) -> bool {
        match caller {
            Principal::Machine { secret_hash: Some(hash), .. } => self.secret_hash.as_ref() == Some(hash),
            Principal::Machine { secret_hash: None, .. } => true,
            Principal::User { email_verified, .. } => *email_verified || !self.email_verified,
        }
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
        Principal::User { email_verified: false, .. } => Expression::condition("attribute_not_exists(proven)"),
        Principal::User { email_verified: true, .. } | Principal::Machine { secret_hash: None, .. } => {
            Expression::default()
        }
    }
}
