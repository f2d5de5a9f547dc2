use domain::{
    ids::OrganizationId,
    subscription::{SubscriptionId, SubscriptionStatus},
};
use dynamo::rfc3339;

use super::change::Change;
use crate::{Error, SubscriptionError, Table, records::SubscriptionRecord};

/// An event of a payment provider: a whole subscription, as it was at one moment.
#[derive(Clone, Debug)]
pub struct SubscriptionEvent {
    /// The event's id.
    pub id: String,
    /// When the event was made, in seconds since the epoch.
    pub created: u64,
    /// What happened to the subscription.
    pub kind: EventKind,
    /// The subscription.
    pub subscription_id: SubscriptionId,
    /// The key of its plan.
    pub plan: String,
    /// Its status.
    pub status: SubscriptionStatus,
    /// The end of the paid period, in seconds since the epoch.
    pub current_period_end: Option<u64>,
}

/// What happened to a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// The subscription was made.
    Created,
    /// The subscription was changed.
    Updated,
    /// The subscription has ended.
    Deleted,
}

/// What an event has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventOutcome {
    /// The subscription is as the event says.
    Applied,
    /// The event came before, or a later one did.
    Stale,
    /// There is no such organization.
    UnknownOrganization,
}

impl Table {
    /// Sets a subscription as an event says, unless it is by a later event already. So events may come in any order,
    /// more than once, or not at all: the latest that came decides. One Query, and one transaction where that changes
    /// anything.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn apply_subscription_event(
        &self,
        organization: &OrganizationId,
        event: &SubscriptionEvent,
    ) -> Result<EventOutcome, Error> {
        let order = event.order();
        let is_later = |present: &SubscriptionRecord| present.last_event.as_ref().is_none_or(|last| *last < order);
        let new = SubscriptionRecord {
            last_event: Some(order.clone()),
            ..SubscriptionRecord::new(
                event.subscription_id.as_str(),
                &event.plan,
                event.status,
                event.current_period_end.map(rfc3339),
            )
        };
        let before = self
            .change_subscription(organization, event.subscription_id.as_str(), |present| {
                Ok(if present.is_none_or(is_later) { Change::Put(new.clone()) } else { Change::Keep })
            })
            .await;
        match before {
            Ok(before) if before.as_ref().is_none_or(is_later) => Ok(EventOutcome::Applied),
            Ok(_) => Ok(EventOutcome::Stale),
            Err(SubscriptionError::Table(error)) => Err(error),
            Err(SubscriptionError::OrganizationNotFound | SubscriptionError::NotFound) => {
                Ok(EventOutcome::UnknownOrganization)
            }
        }
    }
}

impl SubscriptionEvent {
    /// Returns a text that sorts as the events of one subscription happened.
    ///
    /// Events of one second are ordered by what they say: a purchase makes a subscription that is incomplete, and
    /// changes it to an active one within the same second. The id tells the rest apart.
    fn order(&self) -> String {
        let (kind, status, end) = (self.kind as u8, self.status as u8, self.current_period_end.unwrap_or_default());
        format!("{:012}#{kind}{status}#{end:012}#{}", self.created, self.id)
    }
}
