use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    Faults, Table,
    table::{number, text},
};

/// Counters of one tier.
const COUNTERS: usize = 16;

/// The tiers of an organization: what follows `TIER#` in their keys, and their items.
fn tiers_of<'t>(table: &'t Table, organization: &str) -> Vec<(&'t str, &'t Value)> {
    table.within(&format!("ORG#{organization}"), "TIER#").collect()
}

/// A tier's sixteen counters are there exactly where the tier is, and add up to the customers on it.
pub(super) fn tier_counters_count_its_customers(table: &Table) -> Faults {
    let mut faults = Vec::new();
    for (organization, _) in table.organizations() {
        let mut customers: BTreeMap<String, i64> = BTreeMap::new();
        for (_, customer) in table.within(&format!("ORG#{organization}#CUSTOMERS#N"), "E#") {
            *customers.entry(text(&customer["tier_id"])).or_default() += 1;
        }
        let mut counters: BTreeMap<String, (usize, i64)> = BTreeMap::new();
        for (counter, item) in table.within(&format!("ORG#{organization}"), "TIERUSE#") {
            let tier = counter.rsplit_once('#').map_or(counter, |(tier, _)| tier);
            let (count, uses) = counters.entry(tier.to_owned()).or_default();
            (*count, *uses) = (*count + 1, *uses + number(&item["uses"]));
            if number(&item["uses"]) < 0 {
                faults.push(format!("{organization}: the counter {counter} is below 0"));
            }
        }
        let tiers: BTreeSet<_> = tiers_of(table, organization).iter().map(|(_, tier)| text(&tier["tier_id"])).collect();
        for tier in tiers.iter().chain(counters.keys()).collect::<BTreeSet<_>>() {
            let (count, uses) = counters.get(tier).copied().unwrap_or_default();
            let on_it = customers.get(tier).copied().unwrap_or_default();
            if count != COUNTERS || uses != on_it || !tiers.contains(tier) {
                faults.push(format!(
                    "{organization}: the tier {tier} (there: {}) has {count} counters that count {uses} customers, and \
                     {on_it} are on it",
                    tiers.contains(tier)
                ));
            }
        }
    }
    faults
}

/// An organization counts its tiers.
pub(super) fn tier_is_counted(table: &Table) -> Faults {
    let mut faults = Vec::new();
    for (organization, item) in table.organizations() {
        let (counted, held) = (number(&item["tier_count"]), tiers_of(table, organization).len());
        if i64::try_from(held) != Ok(counted) {
            faults.push(format!("{organization} counts {counted} tiers, and has {held}"));
        }
    }
    faults
}

/// A tier's name is a marker that names the tier, each tier's is, and each tier is found by its id.
pub(super) fn tier_name_is_the_tiers(table: &Table) -> Faults {
    let mut faults = Vec::new();
    for (organization, _) in table.organizations() {
        let partition = format!("ORG#{organization}");
        let markers: BTreeMap<_, _> =
            table.within(&partition, "TIERNAME#").map(|(name, item)| (name, text(&item["tier_id"]))).collect();
        let mut named = 0;
        for (key, tier) in tiers_of(table, organization) {
            let id = text(&tier["tier_id"]);
            let folded = shared::text::fold(&text(&tier["tier_name"]));
            // A tier from before names had markers is found by its folded name.
            if key == folded {
                continue;
            }
            named += 1;
            if key != id || markers.get(&*folded) != Some(&id) {
                faults.push(format!("{organization}: the tier {key} called {folded:?} isn't what its name names"));
            }
        }
        if named != markers.len() {
            faults.push(format!("{organization} has {} names of tiers, and {named} tiers", markers.len()));
        }
    }
    faults
}

/// Each customer is on a tier of its organization.
pub(super) fn customer_is_on_a_tier(table: &Table) -> Faults {
    let mut faults = Vec::new();
    for (organization, _) in table.organizations() {
        let tiers: BTreeSet<_> = tiers_of(table, organization).iter().map(|(_, tier)| text(&tier["tier_id"])).collect();
        for (number, customer) in table.within(&format!("ORG#{organization}#CUSTOMERS#N"), "E#") {
            if !tiers.contains(&text(&customer["tier_id"])) {
                faults.push(format!("{organization}: the customer {number} is on the tier {}", customer["tier_id"]));
            }
        }
    }
    faults
}
