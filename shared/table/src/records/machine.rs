use claims::{MachineAccess, SecretHash};
use domain::{
    ids::{ClientId, UserId},
    text::CredentialName,
};
use serde::{Deserialize, Serialize};

use crate::scope::Record;

/// A machine's credential. That the item exists is the machine's role.
#[derive(Serialize, Deserialize)]
pub(crate) struct MachineRecord {
    pub(crate) client_id: ClientId,
    pub(crate) name: CredentialName,
    pub(crate) secret_hash: SecretHash,
    pub(crate) created_at: String,
    /// The admin who made it. `None` for one from before makers were stored.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) created_by: Option<UserId>,
    #[serde(skip_serializing_if = "MachineAccess::is_full", default)]
    pub(crate) access: MachineAccess,
    /// From when on the credential counts as gone, in seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) expires_at: Option<u64>,
}

impl Record for MachineRecord {
    const ENTITY: &'static str = "machine";
}

/// When a credential was last used. It is an item of its own, so that recording a use touches no role.
#[derive(Serialize, Deserialize)]
pub(crate) struct MachineUseRecord {
    pub(crate) client_id: ClientId,
    /// Seconds since the epoch; 0 before the first use.
    pub(crate) last_used_at: u64,
    /// Equal to the credential's, so that both are tidied up together.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) expires_at: Option<u64>,
}

impl Record for MachineUseRecord {
    const ENTITY: &'static str = "machine use";
}
