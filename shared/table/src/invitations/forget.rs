//! The mailer forgets an open invitation 30 days after its last mail.

use domain::ids::{InvitationId, OrganizationId};
use dynamo::{Backoff, Expression};

use super::{address_hash, rows};
use crate::{
    Error, Outbox, QueueEntry,
    members::SeenMember,
    records::{InvitationRecord, QueuedInvitationRecord},
    scope::{Authority, Committed, keys},
};

impl Outbox {
    /// Forgets an invitation whose entry is due: the invitation, its row among the organization's users, and the entry
    /// go in one transaction. One that was mailed since is put off, and one that is closed loses the entry alone. An
    /// entry that isn't due is left to the sweep.
    ///
    /// # Errors
    /// The table is out of reach: a sweep finds the entry again.
    pub async fn forget_invitation(
        &self,
        entry: &QueueEntry,
        organization: &OrganizationId,
        id: &InvitationId,
    ) -> Result<(), Error> {
        if entry.due_at > self.now() {
            return Ok(());
        }
        let key = keys::invitation(organization, id).by(Authority::Mailer);
        let mut backoff = Backoff::default();
        loop {
            let invitation = self.table().get(key.clone()).await?;
            let Some(invitation) = invitation.filter(InvitationRecord::is_open) else {
                return self.remove(entry).await;
            };
            if self.try_to_forget(entry, organization, &invitation).await? {
                return Ok(());
            }
            backoff.wait_or_give_up("an invitation is being changed by others").await?;
        }
    }

    /// Returns whether the entry is done. It isn't where something has changed since it was read.
    async fn try_to_forget(
        &self,
        entry: &QueueEntry,
        organization: &OrganizationId,
        invitation: &InvitationRecord,
    ) -> Result<bool, Error> {
        let table = self.table();
        let write = table.write().delete_any(keys::queued_invitation(entry), ());
        let write = if invitation.forgotten_at() > self.now() {
            let later = QueueEntry { due_at: invitation.forgotten_at(), ..entry.clone() };
            write.put_new(keys::queued_invitation(&later), &QueuedInvitationRecord {}, ())
        } else {
            let address = invitation.email.folded();
            let reads = table.reads_by(Authority::Mailer);
            let seen = SeenMember::read(reads, organization, Some(&invitation.user_id), Some(&address)).await?;
            let changes = rows::remove(&seen, reads.indexes(), invitation).await?;
            let open = keys::open_invitation(organization, &address_hash(&address)).by(Authority::Mailer);
            let write = write
                .delete(
                    keys::invitation(organization, &invitation.id).by(Authority::Mailer),
                    &invitation.unchanged(),
                    (),
                )
                .delete(open, &Expression::default(), ());
            write.change_indexes_by(changes, || (), Authority::Mailer)
        };
        Ok(matches!(write.commit(()).await?, Committed::Done(_)))
    }
}
