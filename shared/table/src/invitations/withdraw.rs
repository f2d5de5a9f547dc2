use domain::ids::InvitationId;
use dynamo::{Backoff, Expression};

use super::{InvitationRefusal, address_hash, make::refused, rows, still_open};
use crate::{
    Error, InvitationError, OrganizationScope,
    members::SeenMember,
    records::InvitationState,
    scope::{Committed, keys},
};

impl OrganizationScope<'_> {
    /// Takes an invitation back: its links are dead from then on. Three round trips.
    ///
    /// # Errors
    /// [`InvitationError::NotFound`], [`InvitationError::Closed`], the scope's own, or the table is out of reach.
    pub async fn withdraw_invitation(&self, id: &InvitationId) -> Result<(), InvitationError> {
        let mut backoff = Backoff::default();
        while !self.try_to_withdraw(id).await? {
            backoff.wait_or_give_up("an invitation is being changed by others").await.map_err(Error::from)?;
        }
        Ok(())
    }

    /// Returns whether the invitation is withdrawn. It isn't where something has changed since it was read.
    async fn try_to_withdraw(&self, id: &InvitationId) -> Result<bool, InvitationError> {
        let key = keys::invitation(self.id(), id);
        let invitation = self.checked(|reads| reads.get(key.clone())).await?;
        let invitation = still_open(invitation)?;
        let address = invitation.email.folded();
        let (seen, held) = self
            .checked_to_write(|reads| SeenMember::read(reads, self.id(), Some(&invitation.user_id), Some(&address)))
            .await?;
        let changes = rows::remove(&seen, *held.indexes(), &invitation).await?;
        let open = keys::open_invitation(self.id(), &address_hash(&address));
        let write = self
            .write()
            .update(key, &invitation.closed(InvitationState::Withdrawn), InvitationRefusal::Changed)
            .delete(open, &Expression::default(), InvitationRefusal::Changed);
        match write.change_indexes(changes, || InvitationRefusal::Changed).commit(()).await? {
            Committed::Done(_) => Ok(true),
            Committed::Refused(refusals) => Ok(refused::<()>(refusals)?.is_some()),
        }
    }
}
