//! The row of an invited person among the organization's users: there while the invitation is open, and made the
//! member's own by the acceptance.

use claims::Role;
use counted_index::{IndexChanges, IndexReader};

use crate::{
    Error,
    members::SeenMember,
    records::{InvitationRecord, MemberRecord},
};

/// Returns whether whoever has the address belongs to the organization.
pub(super) fn is_member(seen: &SeenMember) -> bool {
    seen.row().is_some_and(|row| !row.is_invited())
}

/// Makes the row of an invitation.
pub(super) async fn invite(
    seen: &SeenMember,
    index: IndexReader<'_>,
    invitation: &InvitationRecord,
) -> Result<IndexChanges, Error> {
    seen.change(index, Some(row_of(invitation))).await
}

/// Returns the row of an open invitation.
pub(crate) fn row_of(invitation: &InvitationRecord) -> MemberRecord {
    let mut row = MemberRecord::joining(&invitation.user_id, invitation.email.as_str());
    if invitation.as_admin {
        row = row.with_admin();
    }
    if let Some(number) = &invitation.customer_number {
        row = row.with_customer(number);
    }
    row.invitation_id = Some(invitation.id.clone());
    row.first_name = invitation.first_name.as_ref().map(|name| name.as_str().to_owned());
    row.last_name = invitation.last_name.as_ref().map(|name| name.as_str().to_owned());
    row.joined_at = invitation.made_at_milliseconds / 1_000;
    row
}

/// Removes the row of an invitation. Who has become a member meanwhile has a row of one's own, which stays.
pub(super) async fn remove(
    seen: &SeenMember,
    index: IndexReader<'_>,
    invitation: &InvitationRecord,
) -> Result<IndexChanges, Error> {
    let is_its_own = seen.row().is_some_and(|row| row.invitation_id.as_ref() == Some(&invitation.id));
    if is_its_own || !seen.is_indexed() { seen.change(index, None).await } else { Ok(IndexChanges::default()) }
}

/// Makes the row that was read the member's own, with the roles that are `given` now. Who has no role has no row.
pub(super) async fn accept(
    seen: &SeenMember,
    index: IndexReader<'_>,
    member: MemberRecord,
    given: &[Role],
    invitation: &InvitationRecord,
) -> Result<IndexChanges, Error> {
    // Of two accounts from before addresses were compared as they are now, one may be found by the other's address.
    if seen.row().is_some_and(|row| !row.is_invited() && row.user_id != member.user_id) {
        return Ok(IndexChanges::default());
    }
    let row = given.iter().fold(member, |row, role| match (role, &invitation.customer_number) {
        (Role::Admin, _) => row.with_admin(),
        (Role::Customer, Some(number)) => row.with_customer(number),
        (Role::Customer, None) => row,
    });
    seen.change(index, Some(row).filter(|row| !row.roles.is_empty())).await
}
