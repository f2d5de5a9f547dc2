use domain::text::TierName;
use dynamo::{Backoff, Expression, from_item, number, text};

use crate::{
    Error, OrganizationScope, PriceTierError,
    records::{TierUseRecord, USE_COUNTERS},
    scope::{Committed, Refusals, keys},
};

/// The condition of a deletion that failed.
enum DeletionRefusal {
    /// Another request changed or removed the tier.
    Changed,
    InUse,
}

impl OrganizationScope<'_> {
    /// Removes a tier that no customer is on: two round trips.
    ///
    /// # Errors
    /// [`PriceTierError::NotFound`], [`PriceTierError::InUse`], the scope's own, or the table is out of reach.
    pub async fn delete_price_tier(&self, name: &TierName) -> Result<(), PriceTierError> {
        let mut backoff = Backoff::default();
        loop {
            let tiers = self.all_price_tiers().await?;
            let tier = tiers.of_name(name).ok_or(PriceTierError::NotFound)?;
            if tier.revision.is_none() {
                if self.table().bring_over(self.id(), tier).await?.is_done() {
                    continue;
                }
            } else {
                let (tier_id, id) = (&tier.tier_id, self.id());
                let one_less = Expression::update("ADD tier_count :less").value(":less", number(-1));
                let unchanged = Expression::condition("revision = :was").value(":was", number(tier.revision()));
                let ours = Expression::condition("tier_id = :id").value(":id", text(tier_id));
                let unused = Expression::condition("uses = :none").value(":none", number(0));
                let mut write = self
                    .write_changing_organization(&one_less, DeletionRefusal::Changed)
                    .delete(keys::price_tier(id, tier_id), &unchanged, DeletionRefusal::Changed)
                    .delete(keys::tier_name(id, &tier.name.folded()), &ours, DeletionRefusal::Changed);
                // A superseded item without its tier would look like half of a tier that is on its way.
                for earlier in tiers.superseded_by(tier_id) {
                    let key = keys::earlier_price_tier(id, &earlier.name.folded());
                    write = write.delete_any(key, DeletionRefusal::Changed);
                }
                for counter in 0..USE_COUNTERS {
                    write = write.delete(keys::tier_use(id, tier_id, counter), &unused, DeletionRefusal::InUse);
                }
                match write.commit(()).await? {
                    Committed::Done(_) => return Ok(()),
                    Committed::Refused(refusals) => {
                        if let Some(customers) = customers_on_it(refusals)? {
                            return Err(PriceTierError::InUse(customers));
                        }
                    }
                }
            }
            backoff.wait_or_give_up("a price tier is being changed by others").await.map_err(Error::from)?;
        }
    }
}

/// Returns how many customers are on a tier, if only its counters refused a deletion: those that are not 0 come back
/// with their counts.
fn customers_on_it(refusals: Refusals<DeletionRefusal>) -> Result<Option<u64>, Error> {
    let mut customers = 0;
    for (refusal, item) in refusals {
        match refusal {
            DeletionRefusal::Changed => return Ok(None),
            DeletionRefusal::InUse => {
                let counter: Option<TierUseRecord> = item.map(from_item).transpose()?;
                customers += counter.map_or(0, |counter| counter.uses);
            }
        }
    }
    Ok(Some(customers))
}
