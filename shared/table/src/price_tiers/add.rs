use dynamo::{Expression, number};
use plans::PlanLimit;

use super::no_tier_of_earlier_form;
use crate::{
    Error, IdempotencyKey, OrganizationScope, PriceTierError, Replayable,
    records::{PriceTierRecord, TierNameRecord, TierUseRecord, USE_COUNTERS},
    scope::{Committed, keys},
    subscriptions::{below_limit, limit_reached},
};

/// The number of tiers that an organization may have.
const MAX_TIERS: u8 = 100;
/// The attribute of the organization that counts its tiers.
const COUNTER: &str = "tier_count";

impl OrganizationScope<'_> {
    /// Adds a tier with its counters: one round trip.
    ///
    /// # Errors
    /// [`PriceTierError::NameTaken`], [`PriceTierError::LimitReached`], [`PriceTierError::PlanLimit`], the scope's own,
    /// [`Error::KeyReused`], or the table is out of reach.
    pub async fn create_price_tier(
        &self,
        tier: &PriceTierRecord,
        key: Option<&IdempotencyKey>,
    ) -> Result<Replayable<()>, PriceTierError> {
        let one_more = Expression::update("ADD tier_count :one")
            .and_condition("attribute_not_exists(tier_count) OR tier_count < :most")
            .value(":one", number(1))
            .value(":most", number(MAX_TIERS))
            .and(below_limit(PlanLimit::PriceTiers, COUNTER));
        let (folded, name) = (tier.name.folded(), TierNameRecord { tier_id: tier.tier_id.clone() });
        let earlier = keys::earlier_price_tier(self.id(), &folded);
        let mut write = self
            .write_changing_organization(&one_more, PriceTierError::LimitReached)
            .idempotent(key, &())
            .put_new(keys::tier_name(self.id(), &folded), &name, PriceTierError::NameTaken)
            .check_any(earlier, &no_tier_of_earlier_form(), PriceTierError::NameTaken)
            .put_new(keys::price_tier(self.id(), &tier.tier_id), tier, Error::id_taken().into());
        for counter in 0..USE_COUNTERS {
            let key = keys::tier_use(self.id(), &tier.tier_id, counter);
            write = write.put_new(key, &TierUseRecord::default(), Error::id_taken().into());
        }
        match write.commit(()).await? {
            Committed::Done(done) => Ok(done),
            // A taken name is said before a full organization, since another name wouldn't help either way.
            Committed::Refused(mut refusals) => {
                let full = refusals.extract_if(.., |(refusal, _)| matches!(refusal, PriceTierError::LimitReached));
                let full = full.last().and_then(|(_, organization)| organization);
                let reached = limit_reached(PlanLimit::PriceTiers, COUNTER, full.as_ref());
                let reached = reached.filter(|reached| reached.allowed < u32::from(MAX_TIERS));
                let limit = reached.map_or(PriceTierError::LimitReached, PriceTierError::PlanLimit);
                Err(refusals.into_iter().next().map_or(limit, |(refusal, _)| refusal))
            }
        }
    }
}
