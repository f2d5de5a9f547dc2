use counted_index::IndexChanges;
use domain::{conditional::Preconditions, text::CustomerNumber};
use dynamo::{Backoff, Expression};

use super::{
    CustomerOrder,
    entries::CustomerEntries,
    find::{Form, FoundCustomer, StoredCustomer},
    write::{Changed, Located, add_uses, check, wait},
};
use crate::{
    CustomerError, Error, OrganizationScope,
    price_tiers::PriceTiers,
    records::{CustomersPlace, use_counter},
    scope::{Committed, Reads, RoleHeld, keys},
};

/// A key above every key of an order.
const HIGHEST: &str = "\u{10FFFF}";

/// What a removal reads first.
struct ToRemove {
    found: FoundCustomer,
    /// The tiers, where a precondition is about them.
    tiers: Option<PriceTiers>,
    located: Located,
}

impl OrganizationScope<'_> {
    /// Removes a customer, where the preconditions hold of it: two round trips, and one more where the customer isn't
    /// in the last bucket of the order by company name. Up to 1,000 customers are in one bucket.
    ///
    /// # Errors
    /// [`CustomerError::NotFound`], [`CustomerError::Precondition`], the scope's own, or the table is out of reach.
    pub async fn delete_customer(
        &self,
        number: &CustomerNumber,
        preconditions: &Preconditions,
    ) -> Result<(), CustomerError> {
        let mut backoff = Backoff::default();
        loop {
            let (ToRemove { found, tiers, located }, held) = self
                .checked_with_organization_to_write(|reads| self.customer_to_remove(reads, number, preconditions))
                .await?;
            let known = found.customer.as_ref().ok_or(CustomerError::NotFound)?;
            let tier_as_seen = tiers.map(|tiers| check(preconditions, Some(&known.record), &tiers)).transpose()?;
            let Some(tier_as_seen) = tier_as_seen.unwrap_or_else(|| Some(Expression::default())) else {
                wait(&mut backoff).await?;
                continue;
            };
            if self.remove_customer(held, known, located, tier_as_seen).await? {
                return Ok(());
            }
            wait(&mut backoff).await?;
        }
    }

    /// Removes a customer that is as it is known; `false` where it, its tier or a bucket was changed meanwhile.
    async fn remove_customer(
        &self,
        held: RoleHeld<'_>,
        known: &StoredCustomer,
        located: Located,
        tier_as_seen: Expression,
    ) -> Result<bool, Error> {
        let StoredCustomer { record, form } = known;
        let tier_use = keys::tier_use(self.id(), &record.tier_id, use_counter(&record.customer_number));
        let mut write = held.write().update(tier_use, &add_uses(-1).and(tier_as_seen), Changed);
        match form {
            Form::Earlier => write = write.delete(known.key(self.id()), &record.unchanged(), Changed),
            Form::Indexed => {
                let buckets = self.customer_buckets(held, false, located.covering(record), record).await?;
                let mut changes = IndexChanges::default();
                CustomerEntries::of(self.id()).remove(&mut changes, &buckets, record);
                write = write.change_indexes(changes, || Changed);
            }
        }
        Ok(matches!(write.commit(()).await?, Committed::Done(_)))
    }

    /// Reads a customer, its bucket by number and, since its company isn't known yet, the last bucket by company name.
    /// Also reads the tiers if a precondition is about them. `None` if the organization is gone.
    async fn customer_to_remove(
        &self,
        reads: Reads<'_>,
        number: &CustomerNumber,
        preconditions: &Preconditions,
    ) -> Result<Option<ToRemove>, Error> {
        let [by_number, by_company] = CustomerOrder::BOTH.map(|order| order.index(self.id()));
        let tiers =
            async { if preconditions.are_sent() { reads.price_tiers(self.id()).await.map(Some) } else { Ok(None) } };
        let (found, tiers, by_number, by_company) = tokio::join!(
            reads.find_customer::<CustomersPlace>(self.id(), number),
            tiers,
            reads.indexes().locate(&by_number, number.as_str()),
            reads.indexes().locate(&by_company, HIGHEST),
        );
        let (found, tiers) = (found?, tiers?);
        let located = Located { by_number: by_number.ok(), by_company: by_company.ok() };
        Ok(found.map(|found| ToRemove { found, tiers, located }))
    }
}
