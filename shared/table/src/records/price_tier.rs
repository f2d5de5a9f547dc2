use domain::{
    ids,
    text::{CurrencyCode, CustomerNumber, TierName},
};
use dynamo::{Expression, number};
use ring::digest;
use serde::{Deserialize, Serialize};

use super::{is_false, is_zero};
use crate::scope::Record;

/// Counters of one tier.
pub(crate) const USE_COUNTERS: u8 = 16;

/// A price tier. Its item stays where it is, whatever becomes of the name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceTierRecord {
    /// The id, which customers refer to. Callers never see it.
    pub(crate) tier_id: String,
    /// The name, unique in the organization without case.
    #[serde(rename = "tier_name")]
    pub name: TierName,
    /// The currency of customers that have none of their own.
    pub currency_code: CurrencyCode,
    /// How often the tier was changed. Without it, the item is in the form of earlier versions, whose key was the name:
    /// such a tier wasn't changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revision: Option<u64>,
    /// When the last change was begun, in seconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) changed_at: Option<u64>,
    /// Whether the item is of earlier versions and has been replaced by one in the present form.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) superseded: bool,
}

impl Record for PriceTierRecord {
    const ENTITY: &'static str = "price tier";
}

impl PriceTierRecord {
    /// A new tier.
    #[must_use]
    pub fn new(name: TierName, currency_code: CurrencyCode) -> Self {
        Self {
            tier_id: ids::random_id(16),
            name,
            currency_code,
            revision: Some(0),
            changed_at: None,
            superseded: false,
        }
    }

    pub(crate) fn revision(&self) -> u64 {
        self.revision.unwrap_or(0)
    }
}

/// The item that makes a tier's name unique in its organization.
#[derive(Serialize, Deserialize)]
pub(crate) struct TierNameRecord {
    pub(crate) tier_id: String,
}

impl Record for TierNameRecord {
    const ENTITY: &'static str = "price tier name";
}

/// One of the counters that say how many customers are on a tier.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct TierUseRecord {
    pub(crate) uses: u64,
    /// The tier's own revision, so that a customer's write asks for it without touching an item that all of them share.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) revision: u64,
}

impl TierUseRecord {
    /// Returns the condition that the tier has this revision.
    pub(crate) fn has_revision(revision: u64) -> Expression {
        match revision {
            0 => Expression::condition("attribute_not_exists(revision)"),
            _ => Expression::condition("revision = :tier_revision").value(":tier_revision", number(revision)),
        }
    }
}

impl Record for TierUseRecord {
    const ENTITY: &'static str = "price tier use";
}

/// The counter of a tier that counts this customer.
pub(crate) fn use_counter(customer: &CustomerNumber) -> u8 {
    let hash = digest::digest(&digest::SHA256, customer.as_str().as_bytes());
    hash.as_ref().first().map_or(0, |byte| byte % USE_COUNTERS)
}
