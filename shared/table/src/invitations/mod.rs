//! Invitations: an organization asks a person by mail to belong to it, and promises roles.
//!
//! An invitation is an item of the organization alone. It makes no account, holds no address and tells nobody whether
//! the address has an account: what is read and written is the same in both cases. Account, roles and association are
//! made by its acceptance, in one transaction.
//!
//! *Invariant:* an address has at most one open invitation in an organization, by an item of its own. The mailer deletes
//! an open invitation 30 days after its last mail.

mod accept;
mod forget;
mod list;
mod mail;
mod make;
mod open;
mod resend;
mod rows;
mod withdraw;

pub use accept::{Acceptance, Accepted};
pub use make::NewInvitation;
pub use open::{OpenInvitation, OpenedLink};
pub(crate) use rows::row_of as row_of_invitation;

use domain::{clock::now, digest::sha256_hex, text::FoldedAddress};

use crate::{InvitationError, records::InvitationRecord};

/// The least time between two mails of an invitation, in seconds, where nothing asks for an earlier one.
const MAIL_PAUSE_SECONDS: u64 = 60 * 60;

/// The condition of a change of an invitation that failed.
enum InvitationRefusal {
    /// The invitation, a membership row or the budget of mails has changed since it was read.
    Changed,
    IdTaken,
    LimitReached(crate::Error),
}

/// Names an address in the key of its open invitation.
fn address_hash(address: &FoldedAddress) -> String {
    sha256_hex(&[address.as_str()])
}

/// The invitation, where it is still remembered.
///
/// # Errors
/// [`InvitationError::NotFound`].
fn remembered(invitation: Option<InvitationRecord>) -> Result<InvitationRecord, InvitationError> {
    invitation.filter(|invitation| invitation.forgotten_at() > now()).ok_or(InvitationError::NotFound)
}

/// The invitation, where it can still be sent again or withdrawn.
///
/// # Errors
/// [`InvitationError::NotFound`], or [`InvitationError::Closed`].
fn still_open(invitation: Option<InvitationRecord>) -> Result<InvitationRecord, InvitationError> {
    let invitation = remembered(invitation)?;
    if invitation.is_open() { Ok(invitation) } else { Err(InvitationError::Closed) }
}

impl InvitationRecord {
    /// The seconds until another mail may follow the last one, or `None` if it may now.
    fn seconds_to_next_mail(&self) -> Option<u64> {
        let left = (self.mailed_at + MAIL_PAUSE_SECONDS).saturating_sub(now());
        (left > 0).then_some(left)
    }
}
