//! Finds a customer in the present form and, while some may be left in it, in the earlier one.

use domain::{clock::now, ids::OrganizationId, text::CustomerNumber};

use super::earlier_form::may_be_left;
use crate::{
    Error,
    records::{CustomerRecord, CustomersPlace, CustomersPlaceAndPlans, OrganizationRecord},
    scope::{OrganizationKey, PartOf, Reads, keys},
};

/// How a customer is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As an entry of each order.
    Indexed,
    /// As an item that no order holds.
    Earlier,
}

/// The part of the organization's item that is read beside a customer.
pub(crate) trait ReadBesideCustomer: PartOf<OrganizationRecord> {
    /// Returns the part, without a read, of an organization that is known to keep all customers in the present form.
    /// `None` means that the part also holds what may change, so that each call reads it.
    fn settled() -> Option<Self>;

    /// Returns the form that the organization's customers are in.
    fn place(&self) -> CustomersPlace;
}

impl ReadBesideCustomer for CustomersPlace {
    fn settled() -> Option<Self> {
        Some(Self::SETTLED)
    }

    fn place(&self) -> CustomersPlace {
        *self
    }
}

impl ReadBesideCustomer for CustomersPlaceAndPlans {
    fn settled() -> Option<Self> {
        None
    }

    fn place(&self) -> CustomersPlace {
        CustomersPlace { customers_indexed_at: self.customers_indexed_at, expires_at: self.expires_at }
    }
}

/// A customer as it is stored.
pub(crate) struct StoredCustomer {
    pub(crate) record: CustomerRecord,
    pub(crate) form: Form,
}

/// What a read found of a customer.
pub(crate) struct FoundCustomer<P = CustomersPlace> {
    pub(crate) customer: Option<StoredCustomer>,
    /// Whether the organization may have customers in the earlier form.
    pub(crate) earlier_left: bool,
    /// What was read of the organization's item.
    pub(crate) organization_part: P,
}

impl StoredCustomer {
    /// Returns the key at which the customer was found.
    pub(crate) fn key(&self, organization: &OrganizationId) -> OrganizationKey<CustomerRecord> {
        match self.form {
            Form::Indexed => keys::customer(organization, &self.record.customer_number),
            Form::Earlier => keys::earlier_customer(organization, &self.record.customer_number),
        }
    }
}

impl Reads<'_> {
    /// Finds a customer, or `None` if the organization is gone. One round trip, and one more where the customer isn't
    /// found in the present form while some may be left in the earlier one.
    ///
    /// All calls of an organization share its item. One that was read within the last minute is not read again for the
    /// form of its customers alone, since they never go back to the earlier one.
    pub(crate) async fn find_customer<P: ReadBesideCustomer>(
        self,
        organization: &OrganizationId,
        number: &CustomerNumber,
    ) -> Result<Option<FoundCustomer<P>>, Error> {
        let begun_at = now();
        let settled = self.settled_customers();
        let part = async {
            match settled.get(organization).and_then(|()| P::settled()) {
                Some(part) => Ok(Some(part)),
                None => self.get_part::<P, _>(keys::organization(organization)).await,
            }
        };
        let (part, record) = tokio::try_join!(part, self.get(keys::customer(organization, number)))?;
        let Some(organization_part) = part else { return Ok(None) };
        let place = organization_part.place();
        let earlier_left = may_be_left(&place, begun_at);
        if !earlier_left && place.expires_at.is_none() {
            settled.insert(organization.clone(), ());
        }
        let stored = |form| move |record| StoredCustomer { record, form };
        let customer = match record.map(stored(Form::Indexed)) {
            None if earlier_left => {
                // Two reads side by side could miss a customer on its way: the first one before it comes, the other one
                // after it has left.
                let keys = (keys::customer(organization, number), keys::earlier_customer(organization, number));
                let (present, earlier) = self.get_at_one_moment(keys.0, keys.1).await?;
                present.map(stored(Form::Indexed)).or(earlier.map(stored(Form::Earlier)))
            }
            customer => customer,
        };
        Ok(Some(FoundCustomer { customer, earlier_left, organization_part }))
    }
}
