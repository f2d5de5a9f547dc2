use std::borrow::Cow;

use counted_index::Order;
use domain::{clock::now, ids::OrganizationId};
use dynamo::Backoff;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Customer, CustomerOrder, earlier_form::may_be_left, order::MAX_COMPANY_CHARS};
use crate::{
    Error, ListError, OrganizationScope, Table,
    lists::{Joined, KeyForm, ListPage, ListQuery, Listed, Named, Values},
    price_tiers::PriceTiers,
    records::{CustomerRecord, CustomersPlace},
    scope::{Authority, Reads, keys},
};

/// The characters of the longest customer's number.
const MAX_CUSTOMER_NUMBER_CHARS: usize = 64;

/// The list of an organization's customers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Customers {}

/// An entry of a customer, whichever order it is of.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct CustomerEntry(CustomerRecord);

/// The field of a customer that a filter looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub enum CustomerField {
    /// The customer's number.
    CustomerNumber,
    /// The company's name.
    CompanyName,
    /// The name of the price tier.
    Pricing,
    /// The customer's currency, or its tier's.
    CurrencyCode,
    /// `true` or `false`.
    Active,
}

impl Named for CustomerField {
    const ALL: &'static [Self] =
        &[Self::CustomerNumber, Self::CompanyName, Self::Pricing, Self::CurrencyCode, Self::Active];

    fn name(self) -> &'static str {
        match self {
            Self::CustomerNumber => "CustomerNumber",
            Self::CompanyName => "CompanyName",
            Self::Pricing => "Pricing",
            Self::CurrencyCode => "CurrencyCode",
            Self::Active => "Active",
        }
    }
}

impl Named for CustomerOrder {
    const ALL: &'static [Self] = &Self::BOTH;

    fn name(self) -> &'static str {
        match self {
            Self::CustomerNumber => "CustomerNumber",
            Self::CompanyName => "CompanyName",
        }
    }
}

impl Listed for Customers {
    type Field = CustomerField;
    type Order = CustomerOrder;
    type Entry = CustomerEntry;
    type Row = Customer;

    const NAME: &'static str = "customers";
    const MAX_KEY_BYTES: usize = (MAX_COMPANY_CHARS + MAX_CUSTOMER_NUMBER_CHARS) * 4 + 1;

    fn index(order: CustomerOrder, organization: &OrganizationId) -> Order {
        order.index(organization)
    }

    fn key(order: CustomerOrder, CustomerEntry(entry): &CustomerEntry) -> String {
        order.key(entry)
    }

    fn sorted_by(field: CustomerField) -> Option<(CustomerOrder, KeyForm)> {
        match field {
            CustomerField::CustomerNumber => {
                Some((CustomerOrder::CustomerNumber, KeyForm::Value { longest: MAX_CUSTOMER_NUMBER_CHARS }))
            }
            CustomerField::CompanyName => {
                Some((CustomerOrder::CompanyName, KeyForm::LowerCase { longest: MAX_COMPANY_CHARS }))
            }
            CustomerField::Pricing | CustomerField::CurrencyCode | CustomerField::Active => None,
        }
    }

    fn entry_values(field: CustomerField, CustomerEntry(entry): &CustomerEntry) -> Option<Values<'_>> {
        let value = match field {
            CustomerField::CustomerNumber => entry.customer_number.as_str(),
            CustomerField::CompanyName => entry.company_name.as_str(),
            CustomerField::Active if entry.active => "true",
            CustomerField::Active => "false",
            CustomerField::Pricing | CustomerField::CurrencyCode => return None,
        };
        Some(Values::One(Cow::Borrowed(value)))
    }

    fn row_values(field: CustomerField, row: &Customer) -> Values<'_> {
        match field {
            CustomerField::Pricing => Values::One(Cow::Borrowed(row.pricing.as_str())),
            CustomerField::CurrencyCode => Values::One(Cow::Borrowed(row.currency_code.as_str())),
            _ => Values::Absent,
        }
    }
}

/// What a list of customers reads beside the entries.
pub(crate) struct OfOrganization {
    organization: OrganizationId,
    tiers: PriceTiers,
}

impl Joined for Customers {
    type Beside = OfOrganization;

    /// Reads the tiers. Refuses while customers may be left that no order holds: the list would lack them.
    async fn read_beside(reads: Reads<'_>, organization: &OrganizationId) -> Result<OfOrganization, Error> {
        let begun_at = now();
        let place = reads.get_part::<CustomersPlace, _>(keys::organization(organization));
        let (place, tiers) = tokio::try_join!(place, reads.price_tiers(organization))?;
        if place.is_none_or(|place| may_be_left(&place, begun_at)) {
            return Err(Error::Unavailable("the customers are being brought into counted orders".to_owned()));
        }
        Ok(OfOrganization { organization: organization.clone(), tiers })
    }

    /// Gives each customer its tier. A customer that moved to a tier which was added between the reads has the tiers
    /// read again.
    async fn join(table: &Table, beside: &OfOrganization, entries: Vec<CustomerEntry>) -> Result<Vec<Customer>, Error> {
        let OfOrganization { organization, tiers } = beside;
        if let Some(rows) = with_tiers(&entries, tiers) {
            return Ok(rows);
        }
        let mut backoff = Backoff::default();
        loop {
            let tiers = table.reads_by(Authority::Listed).price_tiers(organization).await?;
            if let Some(rows) = with_tiers(&entries, &tiers) {
                return Ok(rows);
            }
            backoff.wait_or_give_up("a customer's price tier is gone").await?;
        }
    }
}

/// Returns the customers with their tiers, or `None` if one's tier isn't there.
fn with_tiers(entries: &[CustomerEntry], tiers: &PriceTiers) -> Option<Vec<Customer>> {
    let with_tier =
        |CustomerEntry(entry): &CustomerEntry| Some(entry.clone().with_tier(tiers.of_id(&entry.tier_id)?.clone()));
    entries.iter().map(with_tier).collect()
}

impl OrganizationScope<'_> {
    /// A page of customers: one to three sequential round trips, see [`crate::ListQuery`]. The entries and the tiers
    /// are two reads: a row has its tier as it was at another moment of the call, if the tier was changed meanwhile.
    ///
    /// # Errors
    /// [`ListError::BadPageToken`], [`ListError::TooManyRows`], the scope's own, or the table is out of reach.
    pub async fn customers(&self, query: &ListQuery<Customers>) -> Result<ListPage<Customer>, ListError> {
        self.list(query).await
    }
}
