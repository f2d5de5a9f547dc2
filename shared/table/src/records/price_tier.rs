use domain::{
    ids,
    text::{CurrencyCode, CustomerNumber, TierName},
};
use ring::digest;
use serde::{Deserialize, Serialize};

use crate::scope::Record;

/// Counters of one tier.
pub(crate) const USE_COUNTERS: u8 = 16;

/// A price tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceTierRecord {
    /// The id, which customers refer to. Callers never see it.
    pub(crate) tier_id: String,
    /// The name, unique in the organization without case.
    #[serde(rename = "tier_name")]
    pub name: TierName,
    /// The currency of customers that have none of their own.
    pub currency_code: CurrencyCode,
}

impl Record for PriceTierRecord {
    const ENTITY: &'static str = "price tier";
}

impl PriceTierRecord {
    /// A new tier.
    #[must_use]
    pub fn new(name: TierName, currency_code: CurrencyCode) -> Self {
        Self { tier_id: ids::random_id(16), name, currency_code }
    }
}

/// One of the counters that say how many customers are on a tier.
#[derive(Serialize, Deserialize)]
pub(crate) struct TierUseRecord {
    pub(crate) uses: u64,
}

impl Record for TierUseRecord {
    const ENTITY: &'static str = "price tier use";
}

/// The counter of a tier that counts this customer.
pub(crate) fn use_counter(customer: &CustomerNumber) -> u8 {
    let hash = digest::digest(&digest::SHA256, customer.as_str().as_bytes());
    hash.as_ref().first().map_or(0, |byte| byte % USE_COUNTERS)
}
