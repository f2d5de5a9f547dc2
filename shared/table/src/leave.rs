//! A user leaves an organization: every role of the user ends in one transaction.

use domain::ids::{OrganizationId, UserId};
use dynamo::{Backoff, Expression};

use crate::{
    Error, LeaveError, Table,
    members::{UserInOrganization, one_admin_less},
    scope::{Authority, Committed, keys},
};

/// The condition of a leave that failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LeaveRefusal {
    LastAdmin,
    /// Something isn't as it was read.
    Changed,
}

impl Table {
    /// Ends every role of a user in an organization, as the user wishes: two round trips, or three for a user who is
    /// associated with a customer. To refuse the last admin takes as many.
    ///
    /// # Errors
    /// [`LeaveError::NotAMember`], [`LeaveError::LastAdmin`], or the table is out of reach.
    pub async fn leave(&self, user: &UserId, organization: &OrganizationId) -> Result<(), LeaveError> {
        let mut backoff = Backoff::default();
        while !Box::pin(self.try_to_leave(user, organization)).await? {
            backoff
                .wait_or_give_up("the members are being changed by others, or `rebuild-index` has to mend a row")
                .await
                .map_err(Error::from)?;
        }
        Ok(())
    }

    /// Returns whether the roles have ended. Otherwise something isn't as it was read.
    async fn try_to_leave(&self, user: &UserId, id: &OrganizationId) -> Result<bool, LeaveError> {
        let by = Authority::Member;
        let organization_key = keys::organization(id).by(by);
        let (organization, here) = tokio::try_join!(
            self.get(organization_key.clone()),
            UserInOrganization::read(self, self.reads_by(by), id, user)
        )?;
        if organization.is_none() || !here.has_a_role() {
            return Err(LeaveError::NotAMember);
        }
        if !here.roles_match_row() {
            return Ok(false);
        }
        let changes = here.end_in_indexes(self.indexes_by(by)).await?;
        let mut write = self.write();
        if here.is_admin() {
            write = write.update(organization_key, &one_admin_less(), LeaveRefusal::LastAdmin).delete(
                keys::admin(id, user).by(by),
                &Expression::default(),
                LeaveRefusal::Changed,
            );
        }
        let write = here.delete_memberships(write, || LeaveRefusal::Changed);
        match write.change_indexes_by(changes, || LeaveRefusal::Changed, by).commit(()).await? {
            Committed::Done(_) => Ok(true),
            Committed::Refused(refusals) => match refusals.as_slice() {
                // Nothing else has changed, so that the user is an admin still.
                [(LeaveRefusal::LastAdmin, _)] => Err(LeaveError::LastAdmin),
                _ => Ok(false),
            },
        }
    }
}
