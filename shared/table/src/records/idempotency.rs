use serde::{Deserialize, Serialize};

use crate::scope::Record;

/// A request that took effect, and what it answered.
#[derive(Serialize, Deserialize)]
pub(crate) struct IdempotencyRecord {
    /// The hash of the body without its passwords.
    pub(crate) fingerprint: String,
    /// The effect, in JSON.
    pub(crate) result: String,
    pub(crate) expires_at: u64,
}

impl Record for IdempotencyRecord {
    const ENTITY: &'static str = "idempotency record";
}
