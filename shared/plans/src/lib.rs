//! The catalogue of plans, and what a set of plans entitles to.
//!
//! `plans.toml` at the top of the repository is compiled in. Subscriptions store a plan's key alone, so that a change of
//! the catalogue needs no migration.

#[cfg(test)]
mod source;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use domain::entitlement::EntitlementValue;

/// The plans from the least to the most, and the key of the default one.
struct Catalogue {
    default: Option<&'static str>,
    plans: &'static [Plan],
}

static CATALOGUE: Catalogue = include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

/// A plan that an organization can subscribe to.
#[derive(Debug, PartialEq, Eq)]
pub struct Plan {
    /// The key, for programs: 1 to 40 characters of `a-z0-9_`.
    pub key: &'static str,
    /// The name, for people.
    pub name: &'static str,
    /// What the plan allows, each key once.
    pub entitlements: &'static [Entitlement],
}

/// An entitlement of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entitlement {
    /// The key, for programs: 1 to 40 characters of `a-z0-9_`.
    pub key: &'static str,
    /// The name, for people.
    pub name: &'static str,
    /// What is allowed.
    pub value: EntitlementValue,
}

/// An entitlement that this API keeps itself: how many of something an organization may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanLimit {
    /// Admins.
    Admins,
    /// Machine credentials that haven't expired.
    ApiKeys,
    /// Price tiers.
    PriceTiers,
}

impl PlanLimit {
    /// Returns the key of the entitlement.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Admins => "admins",
            Self::ApiKeys => "api_keys",
            Self::PriceTiers => "price_tiers",
        }
    }
}

impl Plan {
    /// Returns every plan, from the least to the most.
    #[must_use]
    pub fn all() -> &'static [Self] {
        CATALOGUE.plans
    }

    /// Returns the plan of this key.
    #[must_use]
    pub fn of_key(key: &str) -> Option<&'static Self> {
        Self::all().iter().find(|plan| plan.key == key)
    }

    /// Returns the plan of an organization without an active subscription, if there is one.
    #[must_use]
    pub fn default_plan() -> Option<&'static Self> {
        CATALOGUE.default.and_then(Self::of_key)
    }

    /// Returns the limit that the plan sets, or `None` if it sets none.
    #[must_use]
    pub fn limit(&self, limit: PlanLimit) -> Option<u32> {
        let entitlement = self.entitlements.iter().find(|entitlement| entitlement.key == limit.key());
        match entitlement?.value {
            EntitlementValue::Number(number) => Some(number),
            EntitlementValue::Flag(_) | EntitlementValue::Text(_) => None,
        }
    }
}

/// The plans that an organization is on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActivePlans(Vec<&'static Plan>);

impl ActivePlans {
    /// Returns the plans of active subscriptions by their keys, or the default one if there are none. A key that the
    /// catalogue no longer has counts as no subscription.
    pub fn of_keys<'a>(keys: impl IntoIterator<Item = &'a str>) -> Self {
        let keys: Vec<_> = keys.into_iter().collect();
        let plans: Vec<_> = Plan::all().iter().filter(|plan| keys.contains(&plan.key)).collect();
        if plans.is_empty() { Self(Plan::default_plan().into_iter().collect()) } else { Self(plans) }
    }

    /// Returns what the plans allow together, each key once: the larger of two numbers, true of two truth values, and
    /// the text of the plan that is more.
    #[must_use]
    pub fn entitlements(&self) -> Vec<Entitlement> {
        let mut all: Vec<Entitlement> = Vec::new();
        for entitlement in self.0.iter().flat_map(|plan| plan.entitlements) {
            match all.iter_mut().find(|known| known.key == entitlement.key) {
                Some(known) => known.value = larger(&known.value, &entitlement.value),
                None => all.push(entitlement.clone()),
            }
        }
        all
    }

    /// Returns the limit that the plans set together, or `None` if none of them sets it.
    #[must_use]
    pub fn limit(&self, limit: PlanLimit) -> Option<u32> {
        self.0.iter().filter_map(|plan| plan.limit(limit)).max()
    }
}

/// `other` is of a plan that is more. Values of one key are of one kind.
fn larger(value: &EntitlementValue, other: &EntitlementValue) -> EntitlementValue {
    match (value, other) {
        (EntitlementValue::Number(one), EntitlementValue::Number(other)) => EntitlementValue::Number(*one.max(other)),
        (EntitlementValue::Flag(one), EntitlementValue::Flag(other)) => EntitlementValue::Flag(*one || *other),
        (_, other) => other.clone(),
    }
}
