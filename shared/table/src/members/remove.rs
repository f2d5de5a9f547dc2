//! An admin removes a user from the organization.

use domain::ids::{InvitationId, UserId};
use dynamo::{Backoff, Expression, number};

use super::UserInOrganization;
use crate::{Error, InvitationError, OrganizationScope, RemovalError, scope::Committed};

/// The condition of a removal that failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RemovalRefusal {
    LastAdmin,
    /// Something isn't as it was read.
    Changed,
}

impl OrganizationScope<'_> {
    /// Ends every role of a user in the organization, in one transaction: two round trips, or three for a user who is
    /// associated with a customer. A person who is invited is so no more: that takes four.
    ///
    /// # Errors
    /// [`RemovalError::NotAUser`], [`RemovalError::LastAdmin`], the scope's own, or the table is out of reach.
    pub async fn remove_user(&self, user: &UserId) -> Result<(), RemovalError> {
        let mut backoff = Backoff::default();
        while !Box::pin(self.try_to_remove(user)).await? {
            backoff
                .wait_or_give_up("the members are being changed by others, or `rebuild-index` has to mend a row")
                .await
                .map_err(Error::from)?;
        }
        Ok(())
    }

    /// Withdraws the invitation of a person who is listed as invited.
    async fn remove_invited(&self, id: &InvitationId) -> Result<(), RemovalError> {
        self.withdraw_invitation(id).await.map_err(|error| match error {
            InvitationError::Table(error) => error.into(),
            // The invitation was closed meanwhile.
            _ => RemovalError::NotAUser,
        })
    }

    /// Returns whether the roles have ended. Otherwise something isn't as it was read.
    async fn try_to_remove(&self, user: &UserId) -> Result<bool, RemovalError> {
        let (here, held) =
            self.checked_to_write(|reads| UserInOrganization::read(self.table(), reads, self.id(), user)).await?;
        if !here.has_a_role() {
            let invitation = here.invitation().ok_or(RemovalError::NotAUser)?;
            return self.remove_invited(invitation).await.map(|()| true);
        }
        if !here.roles_match_row() {
            return Ok(false);
        }
        let changes = here.end_in_indexes(held.indexes()).await?;
        let write = if here.is_admin() {
            self.write_changing_organization(&one_admin_less(), RemovalRefusal::LastAdmin)
                .delete_admin(user, RemovalRefusal::Changed)
        } else {
            self.write()
        };
        let write = here.delete_memberships(write, || RemovalRefusal::Changed);
        match write.change_indexes(changes, || RemovalRefusal::Changed).commit(()).await? {
            Committed::Done(_) => Ok(true),
            Committed::Refused(refusals) => match refusals.as_slice() {
                // Nothing else has changed, so that the user is an admin still.
                [(RemovalRefusal::LastAdmin, _)] => Err(RemovalError::LastAdmin),
                _ => Ok(false),
            },
        }
    }
}

/// Returns the change of an organization that loses an admin, and keeps one.
pub(crate) fn one_admin_less() -> Expression {
    Expression::update("ADD admin_count :less")
        .and_condition("admin_count > :one")
        .value(":less", number(-1))
        .value(":one", number(1))
}
