use std::collections::{BTreeMap, BTreeSet};

use super::{Faults, Table, table::text};

/// What stands between a company's name and the customer's number in a key.
const COMPANY_END: char = '\u{1f}';

/// A customer is in the order by number and in the order by company name, which hold the same of it, or in neither; its
/// keys are its number and its company's name without case. None is in the form of earlier versions.
pub(super) fn customer_is_in_both_orders(table: &Table) -> Faults {
    let mut faults = Vec::new();
    for (organization, _) in table.organizations() {
        let partition = format!("ORG#{organization}#CUSTOMERS#");
        let by_number: BTreeMap<_, _> = table.within(&format!("{partition}N"), "E#").collect();
        let mut by_company = BTreeMap::new();
        for (key, item) in table.within(&format!("{partition}C"), "E#") {
            let number = key.rsplit_once(COMPANY_END).map_or(key, |(_, number)| number);
            let company: String = text(&item["company_name"]).chars().flat_map(char::to_lowercase).collect();
            if key != format!("{company}{COMPANY_END}{number}") || by_company.insert(number, item).is_some() {
                faults.push(format!("{organization}: the entry {key:?} holds {item}"));
            }
        }
        for number in by_number.keys().chain(by_company.keys()).collect::<BTreeSet<_>>() {
            let of = |attribute: &str| {
                let both = [&by_number, &by_company].map(|order| order.get(number).map(|item| text(&item[attribute])));
                both[0].is_some() && both[0] == both[1]
            };
            if by_number.get(number).is_none_or(|item| item["customer_number"] != *number) || !of("revision") {
                faults.push(format!("{organization}: the customer {number} isn't the same in both orders"));
            }
        }
        for (number, _) in table.within(&format!("ORG#{organization}#CUSTOMER"), "") {
            faults.push(format!("{organization}: the customer {number} is in the form of earlier versions"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn items() -> Vec<Value> {
        let entry = |order: &str, key: &str| {
            let (number, company) = ("C-1", "Acme Retail");
            json!({
                "pk": format!("ORG#o#CUSTOMERS#{order}"), "sk": key,
                "customer_number": number, "company_name": company, "revision": "a",
            })
        };
        vec![json!({"pk": "ORG#o", "sk": "#ORG"}), entry("N", "E#C-1"), entry("C", "E#acme retail\u{1f}C-1")]
    }

    fn faults(items: Vec<Value>) -> usize {
        customer_is_in_both_orders(&Table::of(items)).len()
    }

    #[test]
    fn a_customer_that_lacks_an_entry_or_differs_in_one_is_seen() {
        assert_eq!(faults(items()), 0);
        for changed in 1..items().len() {
            let mut missing = items();
            missing.remove(changed);
            assert!(faults(missing) > 0, "{changed}");
            for attribute in ["revision", "sk"] {
                let mut other = items();
                other[changed][attribute] = json!("E#other\u{1f}C-2");
                assert!(faults(other) > 0, "{changed}: {attribute}");
            }
        }
    }

    #[test]
    fn a_customer_of_an_earlier_version_is_seen() {
        let mut items = items();
        items.push(json!({"pk": "ORG#o#CUSTOMER", "sk": "C-2"}));
        assert!(faults(items) > 0);
    }
}
