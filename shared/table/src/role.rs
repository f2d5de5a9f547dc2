//! The live role check: that the caller is an admin at this moment, whatever the token says.

use claims::{Principal, SecretHash};
use domain::ids::UserId;
use dynamo::{Expression, Key, Transaction, from_item, text};
use serde::Deserialize;

use crate::{Error, OrganizationTable, keys};

/// What of a role's item says whether it is the caller's.
#[derive(Deserialize)]
struct RoleRecord {
    sk: String,
    /// Whether the admin's address is proven: then, tokens from before don't count.
    #[serde(default)]
    proven: bool,
    #[serde(default)]
    secret_hash: Option<SecretHash>,
}

/// The attributes of a [`RoleRecord`].
const ATTRIBUTES: [&str; 3] = ["sk", "proven", "secret_hash"];

impl OrganizationTable<'_> {
    /// Asks whether the caller's role still holds: one read of two items.
    ///
    /// # Errors
    /// [`Error::OrganizationGone`], [`Error::NotAdmin`], [`Error::InvalidKey`], or the table is out of reach.
    pub async fn require_admin(&self) -> Result<(), Error> {
        let keys = vec![keys::organization(self.id), self.role_key()];
        let items = self.table.batch_get(keys, &ATTRIBUTES).await?;
        let (mut exists, mut holds) = (false, false);
        for item in items {
            let role: RoleRecord = from_item(item)?;
            if role.sk == keys::ORGANIZATION {
                exists = true;
            } else {
                holds = self.is_callers(&role);
            }
        }
        if !exists {
            Err(self.organization_gone())
        } else if !holds {
            Err(self.not_admin())
        } else {
            Ok(())
        }
    }

    pub(super) async fn is_admin(&self) -> Result<bool, Error> {
        let role: Option<RoleRecord> = self.table.get(self.role_key()).await?;
        Ok(role.is_some_and(|role| self.is_callers(&role)))
    }

    fn is_callers(&self, role: &RoleRecord) -> bool {
        match self.caller {
            Principal::Machine { secret_hash: Some(hash), .. } => role.secret_hash.as_ref() == Some(hash),
            Principal::Machine { secret_hash: None, .. } => true,
            Principal::User { proven, .. } => *proven || !role.proven,
        }
    }

    /// Adds the check to a transaction.
    pub(super) fn check_role<'t, R>(
        &self,
        transaction: Transaction<'t, R>,
        refusal: R,
    ) -> Result<Transaction<'t, R>, Error> {
        Ok(transaction.check(self.role_key(), &self.role_terms(), refusal)?)
    }

    /// The item whose existence is the caller's role.
    fn role_key(&self) -> Key {
        match self.caller {
            Principal::User { user_id, .. } => keys::admin(self.id, user_id),
            Principal::Machine { client_id, .. } => keys::machine(self.id, client_id),
        }
    }

    /// On what, besides its existence, that item is the caller's role.
    pub(super) fn role_terms(&self) -> Expression {
        match self.caller {
            Principal::Machine { secret_hash: Some(hash), .. } => {
                Expression::condition("secret_hash = :secret_hash").value(":secret_hash", text(hash.as_str()))
            }
            Principal::User { proven: false, .. } => Expression::condition("attribute_not_exists(proven)"),
            Principal::User { proven: true, .. } | Principal::Machine { secret_hash: None, .. } => {
                Expression::default()
            }
        }
    }

    pub(super) fn is_caller(&self, user: &UserId) -> bool {
        matches!(self.caller, Principal::User { user_id, .. } if user_id == user)
    }

    /// The refusal of a caller whose role doesn't hold. A key is a claim that nothing verified before.
    pub(super) fn not_admin(&self) -> Error {
        if self.came_by_key() { Error::InvalidKey } else { Error::NotAdmin }
    }

    /// The refusal of a caller whose organization is gone; a key that names one that never was is just no key.
    pub(super) fn organization_gone(&self) -> Error {
        if self.came_by_key() { Error::InvalidKey } else { Error::OrganizationGone }
    }

    fn came_by_key(&self) -> bool {
        matches!(self.caller, Principal::Machine { secret_hash: Some(_), .. })
    }
}
