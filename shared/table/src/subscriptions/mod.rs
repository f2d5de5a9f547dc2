//! Subscriptions: what an organization has bought, set by the platform's operator or by a payment provider's events.
//!
//! A subscription is an item beside the organization's own. The organization's item has the keys of the plans that are
//! active (`plans`), so that a transaction can ask for a limit by plan, and a token is made by one read. Each change of
//! a subscription sets both in one transaction, on condition that no other subscription of the organization has changed
//! since they were read (`subscriptions_version`).
//!
//! What a plan allows is in the catalogue of plans alone.

mod change;
mod earlier;
mod event;
mod plan_limit;
mod read;

pub use earlier::NotedPlans;
pub use event::{EventKind, EventOutcome, SubscriptionEvent};
pub use plan_limit::PlanLimitReached;
pub(crate) use plan_limit::{below_limit, limit_reached};
