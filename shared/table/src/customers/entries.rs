//! The changes of a customer's two entries, to be added to a transaction.

use counted_index::{Bucket, IndexChanges, Order};
use domain::ids::OrganizationId;

use super::CustomerOrder;
use crate::records::CustomerRecord;

/// The buckets of a customer that is made or removed.
#[derive(Clone)]
pub(crate) struct CustomerBuckets {
    pub(crate) by_number: Bucket,
    pub(crate) by_company: Bucket,
}

/// The buckets of a customer whose company's name moves it within its order.
pub(crate) struct CompanyMove {
    pub(crate) from: Bucket,
    pub(crate) to: Bucket,
}

/// The entries of an organization's customers.
pub(crate) struct CustomerEntries {
    by_number: Order,
    by_company: Order,
}

impl CustomerEntries {
    pub(crate) fn of(organization: &OrganizationId) -> Self {
        let [by_number, by_company] = CustomerOrder::ALL.map(|order| order.index(organization));
        Self { by_number, by_company }
    }

    /// Makes a customer that no order holds yet.
    pub(crate) fn insert(&self, changes: &mut IndexChanges, buckets: &CustomerBuckets, record: &CustomerRecord) {
        changes.insert(&self.by_number, &buckets.by_number, &number(record), record);
        changes.insert(&self.by_company, &buckets.by_company, &company(record), record);
    }

    /// Puts `record` in the place of what is known of the customer. `moved` has the buckets where the two differ in
    /// [`company`], and isn't needed otherwise.
    pub(crate) fn replace(
        &self,
        changes: &mut IndexChanges,
        known: &CustomerRecord,
        record: &CustomerRecord,
        moved: Option<&CompanyMove>,
    ) {
        changes.replace(&self.by_number, &number(record), record, known.unchanged());
        match moved {
            None => changes.replace(&self.by_company, &company(record), record, known.unchanged()),
            Some(CompanyMove { from, to }) => {
                changes.remove(&self.by_company, from, &company(known), known.unchanged());
                changes.insert(&self.by_company, to, &company(record), record);
            }
        }
    }

    /// Removes a customer that is as it is known.
    pub(crate) fn remove(&self, changes: &mut IndexChanges, buckets: &CustomerBuckets, known: &CustomerRecord) {
        changes.remove(&self.by_number, &buckets.by_number, &number(known), known.unchanged());
        changes.remove(&self.by_company, &buckets.by_company, &company(known), known.unchanged());
    }
}

fn number(customer: &CustomerRecord) -> String {
    CustomerOrder::CustomerNumber.key(customer)
}

fn company(customer: &CustomerRecord) -> String {
    CustomerOrder::CompanyName.key(customer)
}
