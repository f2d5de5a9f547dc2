use domain::text::FoldedAddress;
use serde::{Deserialize, Serialize};

use crate::scope::Record;

/// A mail that waits in the queue. Its key says all.
#[derive(Serialize, Deserialize)]
pub(crate) struct QueuedMailRecord {}

impl Record for QueuedMailRecord {
    const ENTITY: &'static str = "queued mail";
}

/// An invitation that waits to be forgotten. Its key says all.
#[derive(Serialize, Deserialize)]
pub(crate) struct QueuedInvitationRecord {}

impl Record for QueuedInvitationRecord {
    const ENTITY: &'static str = "queued invitation";
}

/// A move of an account's address that waits to be finished. Its key says all.
#[derive(Serialize, Deserialize)]
pub(crate) struct QueuedMoveRecord {}

impl Record for QueuedMoveRecord {
    const ENTITY: &'static str = "queued address move";
}

/// A request to mail a link that resets a password.
#[derive(Serialize, Deserialize)]
pub(crate) struct ResetRequestRecord {
    /// The address, with an account or without.
    pub(crate) address: FoldedAddress,
    pub(crate) expires_at: u64,
}

impl Record for ResetRequestRecord {
    const ENTITY: &'static str = "reset request";
}
