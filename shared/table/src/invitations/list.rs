use std::cmp::Reverse;

use domain::clock::now;
use dynamo::SortKeys;

use crate::{Error, OrganizationScope, records::InvitationRecord, scope::keys};

impl OrganizationScope<'_> {
    /// Returns the invitations that are remembered, the newest first, with one Query.
    ///
    /// # Errors
    /// The scope's own, or the table is out of reach.
    pub async fn invitations(&self) -> Result<Vec<InvitationRecord>, Error> {
        let sort_keys = SortKeys::Prefix(keys::INVITATION_PREFIX);
        let partition = keys::invitations(self.id());
        let mut invitations: Vec<InvitationRecord> = self.checked(|reads| reads.query(partition, sort_keys)).await?;
        invitations.retain(|invitation| invitation.forgotten_at() > now());
        invitations.sort_by_key(|invitation| Reverse(invitation.made_at_milliseconds));
        Ok(invitations)
    }
}
