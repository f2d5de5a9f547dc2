//! Subscriptions, as answers show them.

pub use domain::subscription::{SubscriptionId, SubscriptionStatus};
use serde::Serialize;
use table::SubscriptionRecord;
use utoipa::ToSchema;

/// What an organization has bought.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Subscription)]
pub struct SubscriptionResponse {
    #[schema(value_type = SubscriptionId)]
    subscription_id: String,
    /// The key of the plan.
    #[schema(examples("growth"))]
    plan: String,
    /// Absent if the subscription was written past this API, with a status that it doesn't know.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = SubscriptionStatus, required)]
    status: Option<SubscriptionStatus>,
    /// When the paid period ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    current_period_end: Option<String>,
}

impl From<SubscriptionRecord> for SubscriptionResponse {
    fn from(subscription: SubscriptionRecord) -> Self {
        Self {
            status: subscription.status(),
            subscription_id: subscription.id,
            plan: subscription.plan,
            current_period_end: subscription.current_period_end,
        }
    }
}
