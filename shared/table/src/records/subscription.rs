use domain::subscription::SubscriptionStatus;
use serde::{Deserialize, Serialize};

use crate::scope::Record;

/// A subscription of an organization. What its plan allows is in the catalogue of plans, and not stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionRecord {
    /// The id, as whoever sells the subscription writes it.
    pub id: String,
    /// The key of the plan.
    pub plan: String,
    /// The name of the status. Items from before this API wrote them may have another one than it knows.
    pub status: String,
    /// When the paid period ends, RFC 3339 UTC.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub current_period_end: Option<String>,
    /// The order of the payment provider's event that the subscription is by: later events sort behind it. Absent if
    /// there was none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) last_event: Option<String>,
}

impl Record for SubscriptionRecord {
    const ENTITY: &'static str = "subscription";
}

impl SubscriptionRecord {
    /// A subscription that no event of a payment provider has changed.
    #[must_use]
    pub fn new(id: &str, plan: &str, status: SubscriptionStatus, current_period_end: Option<String>) -> Self {
        Self {
            id: id.to_owned(),
            plan: plan.to_owned(),
            status: status.as_str().to_owned(),
            current_period_end,
            last_event: None,
        }
    }

    /// Returns the status, or `None` if it is one that this API doesn't know.
    #[must_use]
    pub fn status(&self) -> Option<SubscriptionStatus> {
        SubscriptionStatus::parse(&self.status)
    }

    /// Returns whether the subscription entitles to its plan.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status().is_some_and(SubscriptionStatus::is_active)
    }
}
