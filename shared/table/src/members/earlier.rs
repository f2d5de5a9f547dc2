//! Rows of an organization whose index is being built: where a row is missing, the roles say what it would be.

use claims::Role;
use domain::ids::{OrganizationId, UserId};
use dynamo::{Expression, seconds_of};

use super::SeenMember;
use crate::{
    Error, Table,
    records::{AccountRecord, MemberRecord, MembershipRecord, OrganizationRecord},
    scope::{Authority, Write, WriteScope, keys},
};

/// A user's row before a change: as it is stored, or as the user's roles make it.
pub(crate) struct Before {
    row: Option<MemberRecord>,
    is_stored: bool,
}

impl SeenMember {
    /// Returns the user's row before a change. `is_complete` says that the index was seen to be complete. Where it
    /// wasn't and there is no row, the roles are read: one round trip more.
    pub(crate) async fn before(
        &self,
        table: &Table,
        organization: &OrganizationId,
        user: &UserId,
        is_complete: bool,
    ) -> Result<Before, Error> {
        let row = self.row_of(user).cloned();
        if row.is_some() || is_complete || !self.is_indexed() {
            return Ok(Before { is_stored: row.is_some(), row });
        }
        Ok(Before { row: table.earlier_member(organization, user).await?, is_stored: false })
    }
}

impl Before {
    /// Returns the row, or one that joins now.
    pub(crate) fn or_joining(&self, user: &UserId, email: &str) -> MemberRecord {
        self.row.clone().unwrap_or_else(|| MemberRecord::joining(user, email))
    }

    /// Returns what is left of the row without a role.
    pub(crate) fn without(&self, role: Role) -> Option<MemberRecord> {
        self.row.clone().and_then(|row| row.without(role))
    }

    /// Returns the role other than `changed` that a row was made of, and that has to be there as it is stored.
    pub(crate) fn role_beside(&self, changed: Role) -> Option<Role> {
        let roles = self.row.iter().filter(|_| !self.is_stored).flat_map(|row| &row.roles);
        roles.copied().find(|role| *role != changed)
    }

    /// Adds the condition that [`Self::role_beside`] is still there.
    pub(crate) fn check<'t, S: WriteScope, R>(
        &self,
        write: Write<'t, S, R>,
        organization: &OrganizationId,
        user: &UserId,
        changed: Role,
        refusal: R,
    ) -> Write<'t, S, R> {
        match self.role_beside(changed) {
            Some(role) => write.check(keys::membership(user, organization, role), &Expression::default(), refusal),
            None => write,
        }
    }
}

impl Table {
    /// Returns the row that a user's roles make, or `None` if the user has no role or no account. One round trip.
    pub(crate) async fn earlier_member(
        &self,
        id: &OrganizationId,
        user: &UserId,
    ) -> Result<Option<MemberRecord>, Error> {
        let organization = self.get(keys::organization(id).by(Authority::Migration));
        let (organization, memberships, account) =
            tokio::try_join!(organization, self.memberships_in(user, id), self.account(user))?;
        Ok(organization.zip(account).and_then(|(organization, account)| row_of(&organization, &account, &memberships)))
    }
}

/// Returns the row of an account with these roles, or `None` if there are none. Nobody knows when the person joined:
/// not before the account was made, nor before the organization.
pub(super) fn row_of(
    organization: &OrganizationRecord,
    account: &AccountRecord,
    memberships: &[MembershipRecord],
) -> Option<MemberRecord> {
    let mut row = MemberRecord::joining(&account.user_id, &account.email);
    row.joined_at = seconds_of(&organization.created_at).max(seconds_of(&account.created_at));
    for membership in memberships {
        row = match (membership.role, &membership.customer_number) {
            (Role::Customer, Some(number)) => row.with_customer(number),
            (Role::Admin, _) => row.with_admin(),
            (Role::Customer, None) => row,
        };
    }
    Some(row).filter(|row| !row.roles.is_empty())
}
