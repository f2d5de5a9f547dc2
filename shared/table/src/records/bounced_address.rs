use serde::{Deserialize, Serialize};

use super::CredentialRecord;
use crate::scope::{PartOf, Record};

/// An address to which a mail bounced, or whose owner complained of one.
#[derive(Serialize, Deserialize)]
pub(crate) struct BouncedAddressRecord {
    /// When that happened last, in seconds since the epoch.
    pub(crate) bounced_at: u64,
    expires_at: u64,
}

impl Record for BouncedAddressRecord {
    const ENTITY: &'static str = "bounced address";
}

/// When an account's address was last proven.
#[derive(Deserialize)]
pub(crate) struct ProvenAt {
    #[serde(default)]
    pub(crate) proven_at: Option<u64>,
}

impl ProvenAt {
    /// The attributes to read.
    pub(crate) const ATTRIBUTES: [&str; 1] = ["proven_at"];
}

impl PartOf<CredentialRecord> for ProvenAt {}
