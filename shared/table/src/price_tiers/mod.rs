//! Price tiers, and how many customers are on each.
//!
//! A tier's item has the tier's id as its key, so that a rename changes one item: whatever a reader sees of it, the tier
//! is there once. The name is unique by an item of its own. A customer refers to its tier by the id.
//!
//! Sixteen counters a tier say how many customers are on it. A customer's write adds to the one that its number falls
//! on, on condition that the counter exists and has the tier's revision; each change of a tier gives all sixteen the next
//! revision, and a tier is deleted with all sixteen on condition that each is 0. So existence, name, use and deletion are
//! one atomic question, and writes in bulk share no item but a counter.

mod add;
mod change;
mod earlier_form;
mod read;
mod remove;

use dynamo::Expression;

pub use earlier_form::BroughtOverTiers;
pub(crate) use read::PriceTiers;

/// Returns the condition that no tier in the form of earlier versions has the name that an item's key is made of.
fn no_tier_of_earlier_form() -> Expression {
    Expression::condition("attribute_not_exists(pk) OR attribute_exists(superseded)")
}
