use counted_index::Order;
use domain::{
    ids::OrganizationId,
    text::{CompanyName, CustomerNumber},
};
use dynamo::Expression;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    indexes::InTwoOrders,
    records::CustomerRecord,
    scope::keys::{self, KEY_END},
};

/// The characters of a company's name in a key, at most. A sort key has 1,024 bytes, of which a number takes up to 256.
pub(super) const MAX_COMPANY_CHARS: usize = 185;

/// What a list of customers is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub enum CustomerOrder {
    /// The customer's number.
    CustomerNumber,
    /// The company's name without case, then the customer's number.
    CompanyName,
}

impl CustomerOrder {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::CustomerNumber, Self::CompanyName];

    /// The index of an organization's customers in this order.
    pub(crate) fn index(self, organization: &OrganizationId) -> Order {
        match self {
            Self::CustomerNumber => keys::customers_by_number(organization),
            Self::CompanyName => keys::customers_by_company(organization),
        }
    }

    /// A customer's key in this order.
    pub(crate) fn key(self, customer: &CustomerRecord) -> String {
        match self {
            Self::CustomerNumber => customer.customer_number.as_str().to_owned(),
            Self::CompanyName => Self::company_key(&customer.company_name, &customer.customer_number),
        }
    }

    /// The key in the order by company name.
    pub(super) fn company_key(company: &CompanyName, number: &CustomerNumber) -> String {
        format!("{}{KEY_END}{}", company_in_key(company.as_str()), number.as_str())
    }
}

impl InTwoOrders for CustomerRecord {
    fn orders(organization: &OrganizationId) -> [Order; 2] {
        CustomerOrder::BOTH.map(|order| order.index(organization))
    }

    fn keys(&self) -> [String; 2] {
        CustomerOrder::BOTH.map(|order| order.key(self))
    }

    fn unchanged(&self) -> Expression {
        self.unchanged()
    }
}

/// Returns the part of a key that a company's name makes: in lower case, and cut where it would be too long.
///
/// Each character is put into lower case by itself, and nothing is normalized after. So the key of a name begins with
/// the key of each of its prefixes, which narrows a list by the beginning of a name.
pub(crate) fn company_in_key(company: &str) -> String {
    company.chars().flat_map(char::to_lowercase).take(MAX_COMPANY_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customer(company: &str, number: &str) -> CustomerRecord {
        CustomerRecord {
            customer_number: CustomerNumber::parse(number.to_owned()).unwrap(),
            company_name: CompanyName::parse(company.to_owned()).unwrap(),
            tier_id: "4k".to_owned(),
            tier_revision: 0,
            currency_code: None,
            active: true,
            revision: "a".to_owned(),
        }
    }

    #[test]
    fn customers_sort_by_company_without_case_and_then_by_number() {
        let sorted = [("a", "2"), ("A", "3"), ("A b", "1"), ("AB", "0"), ("ab", "1"), ("Zebra", "1"), ("Ärger", "1")];
        let keys: Vec<_> =
            sorted.iter().map(|(company, number)| CustomerOrder::CompanyName.key(&customer(company, number))).collect();
        assert!(keys.is_sorted(), "{keys:?}");
        assert_eq!(CustomerOrder::CustomerNumber.key(&customer("A", "C-1")), "C-1");
    }

    #[test]
    fn the_key_of_a_name_begins_with_the_key_of_each_prefix() {
        for name in ["ΑΣ ΟΔΟΣ", "İstanbul", "Straße", "ǅungla", "\u{1e9e}a"] {
            for (at, _) in name.char_indices() {
                assert!(company_in_key(name).starts_with(&company_in_key(&name[..at])), "{name}");
            }
        }
    }

    #[test]
    fn the_longest_key_fits_into_a_sort_key_with_room_for_what_ends_it() {
        let longest = customer(&"\u{1F600}".repeat(200), &"\u{1F600}".repeat(64));
        let key = CustomerOrder::CompanyName.key(&longest);
        assert!(format!("E#{key}\u{0}").len() <= 1_024, "{}", key.len());
    }
}
