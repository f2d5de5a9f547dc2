//! The events that count, in the shapes of Stripe's API: <https://docs.stripe.com/api/events/object>. What isn't read
//! here may change without notice.

use serde::Deserialize;
use shared::{
    ids::OrganizationId,
    plans::Plan,
    subscription::{SubscriptionId, SubscriptionStatus},
    table::{EventKind, SubscriptionEvent},
};

/// An event of any type, whose object is read by the type.
#[derive(Deserialize)]
pub(super) struct Event {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// In seconds since the epoch.
    created: u64,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: serde_json::Value,
}

/// A subscription (<https://docs.stripe.com/api/subscriptions/object>).
#[derive(Deserialize)]
struct Subscription {
    id: String,
    status: String,
    #[serde(default)]
    metadata: Metadata,
    items: Items,
    /// In versions of the API before 2025-03-31, which have it in the place of the items' own.
    current_period_end: Option<u64>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    organization_id: Option<String>,
}

#[derive(Deserialize)]
struct Items {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    price: Price,
    /// In seconds since the epoch.
    current_period_end: Option<u64>,
}

#[derive(Deserialize)]
struct Price {
    lookup_key: Option<String>,
}

/// Why an event changes nothing. It is answered as one that does: Stripe would send it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ignored {
    /// Nothing here depends on events of the type.
    OtherType,
    /// The subscription is not in the shape that Stripe documents.
    OtherShape,
    /// The subscription's `metadata.organization_id` is no organization's id.
    NoOrganization,
    /// No price of the subscription has the key of a plan as its `lookup_key`.
    UnknownPrice,
    /// The subscription has a status that isn't known here.
    UnknownStatus,
}

impl Ignored {
    /// Returns why, as the log says it.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::OtherType => "ignored: type",
            Self::OtherShape => "ignored: shape",
            Self::NoOrganization => "ignored: organization",
            Self::UnknownPrice => "ignored: price",
            Self::UnknownStatus => "ignored: status",
        }
    }
}

impl Event {
    /// Returns what the event says of which organization's subscription.
    pub(super) fn subscription(&self) -> Result<(OrganizationId, SubscriptionEvent), Ignored> {
        let kind = match self.kind.as_str() {
            "customer.subscription.created" => EventKind::Created,
            "customer.subscription.updated" => EventKind::Updated,
            "customer.subscription.deleted" => EventKind::Deleted,
            _ => return Err(Ignored::OtherType),
        };
        let subscription = Subscription::deserialize(&self.data.object).map_err(|_| Ignored::OtherShape)?;
        let organization = subscription.metadata.organization_id.as_deref().and_then(OrganizationId::parse);
        let organization = organization.ok_or(Ignored::NoOrganization)?;
        let status = SubscriptionStatus::parse(&subscription.status).ok_or(Ignored::UnknownStatus)?;
        let event = SubscriptionEvent {
            id: self.id.clone(),
            created: self.created,
            kind,
            plan: subscription.plan(status)?,
            status,
            current_period_end: subscription.period_end(),
            subscription_id: SubscriptionId::parse(&subscription.id).map_err(|_| Ignored::OtherShape)?,
        };
        Ok((organization, event))
    }
}

impl Subscription {
    /// Returns the key of the plan: the most of those that the prices are of. Where the subscription entitles to nothing
    /// any more, a price that the catalogue no longer has must not keep it alive.
    fn plan(&self, status: SubscriptionStatus) -> Result<String, Ignored> {
        let keys = || self.items.data.iter().filter_map(|item| item.price.lookup_key.as_deref());
        let known = Plan::all().iter().rev().find(|plan| keys().any(|key| key == plan.key));
        match known {
            Some(plan) => Ok(plan.key.to_owned()),
            None if status.is_active() => Err(Ignored::UnknownPrice),
            None => Ok(keys().next().unwrap_or_default().to_owned()),
        }
    }

    fn period_end(&self) -> Option<u64> {
        self.items.data.iter().filter_map(|item| item.current_period_end).max().or(self.current_period_end)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ORGANIZATION: &str = "5f2b9c0e7d1a4b6c8e0f1a2b";

    fn read(kind: &str, object: &Value) -> Result<(OrganizationId, SubscriptionEvent), Ignored> {
        let event = json!({"id": "evt_1", "object": "event", "type": kind, "created": 7, "data": {"object": object}});
        serde_json::from_value::<Event>(event).unwrap().subscription()
    }

    fn subscription(status: &str, prices: &Value) -> Value {
        json!({"id": "sub_1", "status": status, "metadata": {"organization_id": ORGANIZATION}, "items": {"data": prices}})
    }

    fn plan(status: &str, keys: &[Option<&str>]) -> Result<String, Ignored> {
        let prices: Value = keys.iter().map(|key| json!({"price": {"lookup_key": key}})).collect();
        read("customer.subscription.updated", &subscription(status, &prices)).map(|(_, event)| event.plan)
    }

    #[test]
    fn the_plan_is_the_most_of_those_that_the_prices_are_of() {
        assert_eq!(
            plan("active", &[Some("growth"), None, Some("seats"), Some("enterprise")]),
            Ok("enterprise".to_owned())
        );
        assert_eq!(plan("active", &[Some("seats"), None]), Err(Ignored::UnknownPrice));
        assert_eq!(plan("canceled", &[None, Some("seats")]), Ok("seats".to_owned()));
        assert_eq!(plan("unpaid", &[]), Ok(String::new()));
    }

    #[test]
    fn the_period_is_the_items_or_in_earlier_versions_the_subscriptions_own() {
        let end = |object: &Value| read("customer.subscription.created", object).unwrap().1.current_period_end;
        let items = |ends: [Option<u64>; 2]| -> Value {
            ends.iter().map(|end| json!({"price": {"lookup_key": "growth"}, "current_period_end": end})).collect()
        };
        let mut earlier = subscription("active", &items([None, None]));
        assert_eq!(end(&earlier), None);
        earlier["current_period_end"] = json!(5);
        assert_eq!(end(&earlier), Some(5));
        assert_eq!(end(&subscription("active", &items([Some(3), Some(4)]))), Some(4));
    }

    #[test]
    fn what_is_no_subscription_of_ours_is_ignored() {
        let good = subscription("active", &json!([{"price": {"lookup_key": "growth"}}]));
        let with = |field: &str, value: Value| {
            let mut object = good.clone();
            object[field] = value;
            read("customer.subscription.deleted", &object).err()
        };
        assert_eq!(read("invoice.paid", &good).err(), Some(Ignored::OtherType));
        assert_eq!(with("id", json!("a/b")), Some(Ignored::OtherShape));
        assert_eq!(with("items", json!([])), Some(Ignored::OtherShape));
        assert_eq!(with("metadata", json!({})), Some(Ignored::NoOrganization));
        assert_eq!(with("metadata", json!({"organization_id": "acme"})), Some(Ignored::NoOrganization));
        assert_eq!(with("status", json!("frozen")), Some(Ignored::UnknownStatus));
        assert_eq!(with("collection_method", json!("send_invoice")), None);
    }
}
