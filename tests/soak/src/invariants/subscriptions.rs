use std::collections::BTreeSet;

use super::{Faults, Table, table::text};

/// An organization has the keys of the plans that its active subscriptions are of, and no other.
pub(super) fn plans_are_those_of_active_subscriptions(table: &Table) -> Faults {
    let mut faults = Vec::new();
    for (organization, item) in table.organizations() {
        let subscriptions = table.within(&format!("ORG#{organization}"), "#SUB#");
        let is_active = |status: &str| ["active", "trialing", "past_due"].contains(&status);
        let active = subscriptions.filter(|(_, subscription)| is_active(&text(&subscription["status"])));
        let active: BTreeSet<_> = active.map(|(_, subscription)| text(&subscription["plan"])).collect();
        let noted: BTreeSet<_> = item["plans"].as_array().into_iter().flatten().map(text).collect();
        if active != noted {
            faults.push(format!("{organization} is on {noted:?}, and its subscriptions are of {active:?}"));
        }
    }
    faults
}
