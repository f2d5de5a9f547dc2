use domain::text::{CompanyName, CurrencyCode, CustomerNumber};
use serde::{Deserialize, Serialize};

use super::is_zero;
use crate::scope::Record;

/// A customer. It names its price tier by the tier's id, so that a rename touches the tier alone.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CustomerRecord {
    pub(crate) customer_number: CustomerNumber,
    pub(crate) company_name: CompanyName,
    pub(crate) tier_id: String,
    /// The tier's revision when the customer was written.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) tier_revision: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) currency_code: Option<CurrencyCode>,
    pub(crate) active: bool,
    /// The revision, which each write replaces, so that a customer is replaced or deleted only as it was read.
    pub(crate) revision: String,
}

impl Record for CustomerRecord {
    const ENTITY: &'static str = "customer";
}
