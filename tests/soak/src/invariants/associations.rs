use std::collections::BTreeSet;

use super::{
    Faults, Table,
    table::{number, text},
};

/// What stands between a customer's number and the user in a key.
const CUSTOMER_END: char = '\u{1f}';

/// An association is in the order by user, in the order by customer and a membership, or in none of them; and its two
/// entries hold what their keys say.
pub(super) fn association_is_in_both_orders_and_a_membership(table: &Table) -> Faults {
    let mut by_user = BTreeSet::new();
    let mut by_customer = BTreeSet::new();
    let mut memberships = BTreeSet::new();
    let mut faults = Vec::new();
    for (organization, _) in table.organizations() {
        for (user, item) in table.within(&format!("ORG#{organization}#ASSOC#U"), "E#") {
            by_user.insert((organization.to_owned(), user.to_owned(), text(&item["customer_number"])));
            if item["user_id"] != user {
                faults.push(format!("{organization}: the entry of {user} holds {item}"));
            }
        }
        for (key, item) in table.within(&format!("ORG#{organization}#ASSOC#C"), "E#") {
            let (customer, user) = key.split_once(CUSTOMER_END).unwrap_or((key, ""));
            by_customer.insert((organization.to_owned(), user.to_owned(), customer.to_owned()));
            if item["user_id"] != user || item["customer_number"] != customer {
                faults.push(format!("{organization}: the entry {key:?} holds {item}"));
            }
        }
    }
    for (user, sk, item) in table.partitions("MEMBER#") {
        if sk.ends_with("#customer") {
            memberships.insert((text(&item["organization_id"]), user.to_owned(), text(&item["customer_number"])));
        }
    }
    for association in by_user.union(&by_customer).chain(&memberships).collect::<BTreeSet<_>>() {
        let places = [&by_user, &by_customer, &memberships].map(|place| place.contains(association));
        if places != [true; 3] {
            faults.push(format!("{association:?} is by user, by customer, a membership: {places:?}"));
        }
    }
    faults
}

/// Each order's first bucket begins at the lowest key, and each bucket counts the entries from its lower bound to the
/// next one's.
pub(super) fn bucket_counts_its_entries(table: &Table) -> Faults {
    let mut faults = Vec::new();
    for (organization, _) in table.organizations() {
        for order in ["ASSOC#U", "ASSOC#C", "USERS#E", "USERS#U"] {
            let partition = format!("ORG#{organization}#{order}");
            let buckets: Vec<_> = table.within(&partition, "B#").collect();
            if buckets.first().is_none_or(|(lower, _)| !lower.is_empty()) {
                faults.push(format!("{partition} has no first bucket"));
            }
            for (index, (lower, bucket)) in buckets.iter().enumerate() {
                let upper = buckets.get(index + 1).map(|(upper, _)| *upper);
                let in_range = |key: &str| key >= *lower && upper.is_none_or(|upper| key < upper);
                let held = table.within(&partition, "E#").filter(|(key, _)| in_range(key)).count();
                let counted = number(&bucket["entries"]);
                if i64::try_from(held) != Ok(counted) {
                    faults.push(format!(
                        "the bucket of {partition} from {lower:?} on counts {counted}, and holds {held}"
                    ));
                }
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn items() -> Vec<Value> {
        let association = json!({"user_id": "kp_1", "customer_number": "C-1"});
        let entry = |pk: &str, sk: &str| {
            let mut entry = json!({"pk": pk, "sk": sk});
            entry.as_object_mut().unwrap().extend(association.as_object().unwrap().clone());
            entry
        };
        vec![
            json!({"pk": "ORG#o", "sk": "#ORG"}),
            entry("ORG#o#ASSOC#U", "E#kp_1"),
            json!({"pk": "ORG#o#ASSOC#U", "sk": "B#", "entries": 1}),
            entry("ORG#o#ASSOC#C", "E#C-1\u{1f}kp_1"),
            json!({"pk": "ORG#o#ASSOC#C", "sk": "B#", "entries": 1}),
            json!({"pk": "ORG#o#USERS#E", "sk": "B#", "entries": 0}),
            json!({"pk": "ORG#o#USERS#U", "sk": "B#", "entries": 0}),
            json!({"pk": "MEMBER#kp_1", "sk": "ORG#o#customer", "organization_id": "o", "customer_number": "C-1"}),
        ]
    }

    fn faults(items: Vec<Value>) -> usize {
        let table = Table::of(items);
        association_is_in_both_orders_and_a_membership(&table).len() + bucket_counts_its_entries(&table).len()
    }

    #[test]
    fn an_association_that_lacks_any_of_its_items_is_seen() {
        assert_eq!(faults(items()), 0);
        for missing in 1..items().len() {
            let mut items = items();
            items.remove(missing);
            assert!(faults(items) > 0, "{missing}");
        }
    }
}
