//! What the writes of a customer share: what they read, and how they store it.

use counted_index::{Bucket, IndexChanges};
use domain::{
    conditional::{FailedPrecondition, Preconditions},
    text::CustomerNumber,
};
use dynamo::{Backoff, Expression, number};

use super::{
    CustomerOrder,
    entries::{CompanyMove, CustomerBuckets, CustomerEntries},
    find::{Form, FoundCustomer, StoredCustomer},
};
use crate::{
    Error, OrganizationScope,
    price_tiers::PriceTiers,
    records::{CustomerRecord, CustomersPlace, TierUseRecord, use_counter},
    scope::{Committed, Reads, RoleHeld, keys},
};

/// The refusal of a customer's write whose customer, tier or bucket is not as it was read.
#[derive(Clone, Copy)]
pub(super) struct Changed;

/// The buckets that were located beside what is known of a customer. Where one is needed and wasn't found, it is looked
/// for once more.
#[derive(Default)]
pub(super) struct Located {
    pub(super) by_number: Option<Bucket>,
    pub(super) by_company: Option<Bucket>,
}

/// What a write of a customer reads first.
pub(super) struct Known {
    pub(super) found: FoundCustomer,
    pub(super) tiers: PriceTiers,
}

impl Located {
    /// Keeps the bucket by company name only if it is this customer's, where it was located as the last one.
    pub(super) fn covering(self, customer: &CustomerRecord) -> Self {
        let key = CustomerOrder::CompanyName.key(customer);
        Self { by_company: self.by_company.filter(|last| last.lower <= key), ..self }
    }
}

impl FoundCustomer {
    pub(super) fn record(&self) -> Option<&CustomerRecord> {
        self.customer.as_ref().map(|customer| &customer.record)
    }
}

impl OrganizationScope<'_> {
    /// Reads a customer and the tiers, or `None` if the organization is gone.
    pub(super) async fn known_customer(
        &self,
        reads: Reads<'_>,
        number: &CustomerNumber,
    ) -> Result<Option<Known>, Error> {
        let found = reads.find_customer::<CustomersPlace>(self.id(), number);
        let (found, tiers) = tokio::try_join!(found, reads.price_tiers(self.id()))?;
        Ok(found.map(|found| Known { found, tiers }))
    }

    /// Stores a customer in the place of what is known of it, and counts it on its tier; `false` where it, the tier or
    /// a bucket was changed meanwhile. One round trip, and one before it for buckets that are needed and not located.
    ///
    /// The tier's revision is asked for at the commit, or a customer would be put on a tier by a name that it no longer
    /// has: the put reads that `4k` is Gold, `4k` becomes Staff, and the put answers that the customer is on Gold.
    /// `tier_as_seen` is asked of the tier that the customer leaves.
    pub(super) async fn store_customer(
        &self,
        held: RoleHeld<'_>,
        found: &FoundCustomer,
        located: Located,
        tier_as_seen: Expression,
        record: &CustomerRecord,
    ) -> Result<bool, Error> {
        let (entries, mut changes) = (CustomerEntries::of(self.id()), IndexChanges::default());
        let mut write = held.write();
        let tier_use = |tier: &str| keys::tier_use(self.id(), tier, use_counter(&record.customer_number));
        let as_read = TierUseRecord::has_revision(record.tier_revision);
        let known = found.record();
        if known.is_some_and(|known| known.tier_id == record.tier_id) {
            write = write.check(tier_use(&record.tier_id), &as_read, Changed);
        } else {
            write = write.update(tier_use(&record.tier_id), &add_uses(1).and(as_read), Changed);
            if let Some(known) = known {
                write = write.update(tier_use(&known.tier_id), &add_uses(-1).and(tier_as_seen), Changed);
            }
        }
        if let Some(StoredCustomer { record: known, form: Form::Indexed }) = &found.customer {
            let moved = self.company_move(held, located, known, record).await?;
            entries.replace(&mut changes, known, record, moved.as_ref());
        } else {
            let buckets = self.customer_buckets(held, found.earlier_left, located, record).await?;
            entries.insert(&mut changes, &buckets, record);
            let earlier = keys::earlier_customer(self.id(), &record.customer_number);
            if let Some(known) = known {
                write = write.delete(earlier, &known.unchanged(), Changed);
            } else if found.earlier_left {
                // An earlier version that is still at work may have put it since.
                write = write.check_any(earlier, &Expression::condition("attribute_not_exists(pk)"), Changed);
            }
        }
        let committed = write.change_indexes(changes, || Changed).commit(()).await?;
        Ok(matches!(committed, Committed::Done(_)))
    }

    /// Returns the buckets of a customer whose company's name moves it, or `None` if it stays in its place.
    async fn company_move(
        &self,
        held: RoleHeld<'_>,
        located: Located,
        known: &CustomerRecord,
        record: &CustomerRecord,
    ) -> Result<Option<CompanyMove>, Error> {
        let (from, to) = (CustomerOrder::CompanyName.key(known), CustomerOrder::CompanyName.key(record));
        if from == to {
            return Ok(None);
        }
        let order = CustomerOrder::CompanyName.index(self.id());
        let locate = async |located: Option<Bucket>, key: &str| match located {
            Some(bucket) => Ok(bucket),
            None => held.indexes().locate(&order, key).await,
        };
        // A bucket is contiguous: what lies between its lower bound and a key that it has is in it.
        let of_both = located.by_company.clone().filter(|bucket| bucket.lower <= from && from <= to);
        let (from, to) = tokio::try_join!(locate(of_both, &from), locate(located.by_company, &to))?;
        Ok(Some(CompanyMove { from, to }))
    }

    /// Returns the buckets of a customer that is made or removed. The orders of an organization from before are made
    /// where they are missing.
    pub(super) async fn customer_buckets(
        &self,
        held: RoleHeld<'_>,
        earlier_left: bool,
        located: Located,
        record: &CustomerRecord,
    ) -> Result<CustomerBuckets, Error> {
        if let Located { by_number: Some(by_number), by_company: Some(by_company) } = located {
            return Ok(CustomerBuckets { by_number, by_company });
        }
        let locate = async || {
            let [by_number, by_company] = CustomerOrder::BOTH.map(|order| (order.index(self.id()), order.key(record)));
            let by_number = held.indexes().locate(&by_number.0, &by_number.1);
            let by_company = held.indexes().locate(&by_company.0, &by_company.1);
            let (by_number, by_company) = tokio::try_join!(by_number, by_company)?;
            Ok::<_, Error>(CustomerBuckets { by_number, by_company })
        };
        match locate().await {
            Err(_) if earlier_left => {
                self.table().make_customer_orders(self.id()).await?;
                locate().await
            }
            buckets => buckets,
        }
    }
}

/// Asks whether the preconditions hold of a customer and its tier, as two reads found them. Where they do, returns what
/// has to be asked of the tier at the commit, so that they hold of both at that moment; `None` where the two have to be
/// read again.
pub(super) fn check(
    preconditions: &Preconditions,
    known: Option<&CustomerRecord>,
    tiers: &PriceTiers,
) -> Result<Option<Expression>, FailedPrecondition> {
    if !preconditions.are_sent() {
        return Ok(Some(Expression::default()));
    }
    let Some(known) = known else {
        preconditions.check(None)?;
        return Ok(Some(Expression::default()));
    };
    // The two reads are no snapshot: the customer moved to a tier that was added between them.
    let Some(tier) = tiers.of_id(&known.tier_id) else { return Ok(None) };
    preconditions.check(Some(&known.tag(tier)))?;
    Ok(Some(TierUseRecord::has_revision(tier.revision())))
}

/// Adds `change` to a counter of a tier's customers.
pub(super) fn add_uses(change: i64) -> Expression {
    Expression::update("ADD uses :change").value(":change", number(change))
}

pub(super) async fn wait(backoff: &mut Backoff) -> Result<(), Error> {
    Ok(backoff.wait_or_give_up("a customer is being changed by others").await?)
}
