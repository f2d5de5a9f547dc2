//! The rows of an invited person among the organization's users.

use counted_index::IndexChanges;
use domain::{
    ids::{OrganizationId, UserId},
    text::FoldedAddress,
};

use crate::{
    Error,
    records::{CredentialRecord, InvitationRecord},
    scope::Reads,
};

/// What is known of a person among the organization's users.
pub(super) struct Rows {}

#[expect(clippy::unused_async, clippy::unused_self, reason = "the members' index comes with another change")]
impl Rows {
    pub(super) async fn find(
        _reads: Reads<'_>,
        _organization: &OrganizationId,
        _address: &FoldedAddress,
        _user: &UserId,
    ) -> Result<Self, Error> {
        Ok(Self {})
    }

    pub(super) fn is_member(&self) -> bool {
        false
    }

    pub(super) fn invite(&self, _changes: &mut IndexChanges, _invitation: &InvitationRecord) {}

    pub(super) fn remove(&self, _changes: &mut IndexChanges, _invitation: &InvitationRecord) {}

    pub(super) fn accept(&self, _changes: &mut IndexChanges, _invitation: &InvitationRecord, _: &CredentialRecord) {}
}
