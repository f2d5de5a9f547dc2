use domain::{mail::MailKind, text::FoldedAddress};
use serde::{Deserialize, Serialize};

use crate::scope::Record;

const HOUR_SECONDS: u64 = 60 * 60;

/// The purpose of a mailed link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkKind {
    /// An admin's invitation.
    Invitation,
    /// A forgotten password.
    Reset,
    /// The verification of a new account's address.
    #[serde(rename = "proof")]
    Verification,
}

impl LinkKind {
    /// The lifetime of the link, in seconds.
    #[must_use]
    pub fn lifetime_seconds(self) -> u64 {
        match self {
            Self::Invitation | Self::Verification => 72 * HOUR_SECONDS,
            Self::Reset => HOUR_SECONDS,
        }
    }

    /// The mail that contains the link.
    pub(crate) fn mail_kind(self) -> MailKind {
        match self {
            Self::Invitation => MailKind::Invitation,
            Self::Reset => MailKind::PasswordReset,
            Self::Verification => MailKind::AddressProof,
        }
    }
}

/// A mailed link that has not been used yet.
#[derive(Serialize, Deserialize)]
pub(crate) struct LinkRecord {
    pub(crate) kind: LinkKind,
    /// The account's address. A link of an address without an account leads nowhere.
    pub(crate) address: FoldedAddress,
    pub(crate) expires_at: u64,
}

impl Record for LinkRecord {
    const ENTITY: &'static str = "link";
}
