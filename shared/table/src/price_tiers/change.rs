use domain::{
    clock::now,
    text::{CurrencyCode, TierName},
};
use dynamo::{Backoff, Expression, number, text};

use super::no_tier_of_earlier_form;
use crate::{
    Error, OrganizationScope, PriceTierError,
    records::{PriceTierRecord, TierNameRecord, USE_COUNTERS},
    scope::{Committed, Write, keys},
};

/// The condition of a change that failed.
enum ChangeRefusal {
    /// Another request changed the tier.
    Changed,
    NameTaken,
}

impl OrganizationScope<'_> {
    /// Renames a tier, sets its currency, or both; its customers stay on it. A read, then one transaction where that
    /// changes anything. Returns the tier as it is then.
    ///
    /// # Errors
    /// [`PriceTierError::NotFound`], [`PriceTierError::NameTaken`], the scope's own, or the table is out of reach.
    pub async fn replace_price_tier(
        &self,
        name: &TierName,
        new_name: Option<TierName>,
        currency_code: Option<CurrencyCode>,
    ) -> Result<PriceTierRecord, PriceTierError> {
        let mut backoff = Backoff::default();
        loop {
            let tiers = self.all_price_tiers().await?;
            let present = tiers.of_name(name).ok_or(PriceTierError::NotFound)?;
            let changed = PriceTierRecord {
                name: new_name.clone().unwrap_or_else(|| present.name.clone()),
                currency_code: currency_code.clone().unwrap_or_else(|| present.currency_code.clone()),
                revision: Some(present.revision() + 1),
                changed_at: Some(now()),
                ..present.clone()
            };
            if (&changed.name, &changed.currency_code) == (&present.name, &present.currency_code) {
                return Ok(present.clone());
            }
            if present.revision.is_none() {
                if self.table().bring_over(self.id(), present).await?.is_done() {
                    continue;
                }
            } else {
                match self.write_of_change(present, &changed).commit(()).await? {
                    Committed::Done(_) => return Ok(changed),
                    Committed::Refused(refusals) => {
                        if let Some((ChangeRefusal::NameTaken, _)) = refusals.into_iter().next() {
                            return Err(PriceTierError::NameTaken);
                        }
                    }
                }
            }
            backoff.wait_or_give_up("a price tier is being changed by others").await.map_err(Error::from)?;
        }
    }

    /// Changes the tier on condition that it is as it was read, and gives each counter its new revision.
    fn write_of_change(&self, present: &PriceTierRecord, changed: &PriceTierRecord) -> Write<'_, Self, ChangeRefusal> {
        let (tier_id, id) = (&present.tier_id, self.id());
        let change =
            Expression::update("SET tier_name = :name, currency_code = :currency, revision = :next, changed_at = :now")
                .and_condition("revision = :was")
                .value(":name", text(changed.name.as_str()))
                .value(":currency", text(changed.currency_code.as_str()))
                .value(":next", number(changed.revision()))
                .value(":now", number(now()))
                .value(":was", number(present.revision()));
        let mut write = self.write().update(keys::price_tier(id, tier_id), &change, ChangeRefusal::Changed);
        let (old, new) = (present.name.folded(), changed.name.folded());
        if old != new {
            let ours = Expression::condition("tier_id = :id").value(":id", text(tier_id));
            let name = TierNameRecord { tier_id: tier_id.clone() };
            let earlier = keys::earlier_price_tier(id, &new);
            write = write
                .delete(keys::tier_name(id, &old), &ours, ChangeRefusal::Changed)
                .put_new(keys::tier_name(id, &new), &name, ChangeRefusal::NameTaken)
                .check_any(earlier, &no_tier_of_earlier_form(), ChangeRefusal::NameTaken);
        }
        let next = Expression::update("SET revision = :next").value(":next", number(changed.revision()));
        for counter in 0..USE_COUNTERS {
            write = write.update(keys::tier_use(id, tier_id, counter), &next, ChangeRefusal::Changed);
        }
        write
    }
}
