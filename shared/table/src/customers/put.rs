use domain::{conditional::Preconditions, ids};
use dynamo::Backoff;

use super::{
    Customer, CustomerChange, CustomerOrder,
    write::{Known, Located, check, wait},
};
use crate::{CustomerError, Error, OrganizationScope, records::CustomerRecord, scope::Reads};

impl OrganizationScope<'_> {
    /// Creates or replaces a customer, where the preconditions hold of what is there: two round trips, and one more
    /// where another company's name may move it to another bucket.
    ///
    /// # Errors
    /// [`CustomerError::Precondition`], [`CustomerError::NoPriceTier`], the scope's own, or the table is out of reach.
    pub async fn put_customer(
        &self,
        change: &CustomerChange,
        preconditions: &Preconditions,
    ) -> Result<Customer, CustomerError> {
        let mut backoff = Backoff::default();
        loop {
            let ((Known { found, tiers }, located), held) =
                self.checked_with_organization_to_write(|reads| self.known_to_put(reads, change)).await?;
            let known = found.record();
            let Some(tier_as_seen) = check(preconditions, known, &tiers)? else {
                wait(&mut backoff).await?;
                continue;
            };
            let tier = tiers.of_name(&change.pricing).ok_or(CustomerError::NoPriceTier)?;
            let record = CustomerRecord {
                customer_number: change.number.clone(),
                company_name: change.company_name.clone(),
                tier_id: tier.tier_id.clone(),
                tier_revision: tier.revision(),
                currency_code: change.currency_code.clone(),
                active: change.active.or(known.map(|known| known.active)).unwrap_or(true),
                revision: ids::random_id(16),
            };
            if self.store_customer(held, &found, located, tier_as_seen, &record).await? {
                return Ok(record.with_tier(tier.clone()));
            }
            wait(&mut backoff).await?;
        }
    }

    /// Reads what is known of a customer, and the buckets that it would be counted in if it is new.
    async fn known_to_put(&self, reads: Reads<'_>, change: &CustomerChange) -> Result<Option<(Known, Located)>, Error> {
        let [by_number, by_company] = CustomerOrder::BOTH.map(|order| order.index(self.id()));
        let company = CustomerOrder::company_key(&change.company_name, &change.number);
        let (known, by_number, by_company) = tokio::join!(
            self.known_customer(reads, &change.number),
            reads.indexes().locate(&by_number, change.number.as_str()),
            reads.indexes().locate(&by_company, &company),
        );
        let located = Located { by_number: by_number.ok(), by_company: by_company.ok() };
        Ok(known?.map(|known| (known, located)))
    }
}
