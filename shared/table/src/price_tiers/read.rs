use std::collections::HashSet;

use domain::{ids::OrganizationId, text::TierName};
use dynamo::{Backoff, SortKeys};

use crate::{
    Error, OrganizationScope,
    records::PriceTierRecord,
    scope::{Reads, keys},
};

/// An organization's price tiers, each once, in no particular order.
pub(crate) struct PriceTiers {
    tiers: Vec<PriceTierRecord>,
    /// The items of earlier versions that `migrate` has yet to delete.
    superseded: Vec<PriceTierRecord>,
}

impl PriceTiers {
    /// Returns the tiers that these items hold, or `None` if the items are half of what brings a tier into the present
    /// form. The present form wins over the earlier one.
    ///
    /// A Query is not isolated from a transaction. It may see the earlier item superseded and not yet the present one:
    /// to leave such a tier out would be wrong, and so would be its earlier name if it was renamed since.
    fn of(items: Vec<PriceTierRecord>) -> Option<Self> {
        let (superseded, items): (Vec<_>, Vec<_>) = items.into_iter().partition(|tier| tier.superseded);
        let (mut tiers, earlier): (Vec<_>, Vec<_>) = items.into_iter().partition(|tier| tier.revision.is_some());
        if superseded.is_empty() && earlier.is_empty() {
            return Some(Self { tiers, superseded });
        }
        let present: HashSet<_> = tiers.iter().map(|tier| tier.tier_id.clone()).collect();
        tiers.extend(earlier.into_iter().filter(|tier| !present.contains(&tier.tier_id)));
        let is_whole = superseded.iter().all(|tier| present.contains(&tier.tier_id));
        is_whole.then_some(Self { tiers, superseded })
    }

    pub(crate) fn of_name(&self, name: &TierName) -> Option<&PriceTierRecord> {
        let folded = name.folded();
        self.tiers.iter().find(|tier| tier.name.folded() == folded)
    }

    pub(crate) fn of_id(&self, tier_id: &str) -> Option<&PriceTierRecord> {
        self.tiers.iter().find(|tier| tier.tier_id == tier_id)
    }

    /// Returns the items of earlier versions that the present item of this tier has replaced.
    pub(super) fn superseded_by(&self, tier_id: &str) -> impl Iterator<Item = &PriceTierRecord> {
        self.superseded.iter().filter(move |tier| tier.tier_id == tier_id)
    }
}

impl Reads<'_> {
    /// Reads every price tier of an organization: one round trip, and more only while a tier is brought into the present
    /// form.
    pub(crate) async fn price_tiers(self, organization: &OrganizationId) -> Result<PriceTiers, Error> {
        let mut backoff = Backoff::default();
        loop {
            let partition = keys::organization_partition(organization);
            if let Some(tiers) = PriceTiers::of(self.query(partition, SortKeys::Prefix(keys::TIER_PREFIX)).await?) {
                return Ok(tiers);
            }
            backoff.wait_or_give_up("a price tier is being brought into the present form").await?;
        }
    }
}

impl OrganizationScope<'_> {
    /// Every price tier by name: one round trip.
    ///
    /// # Errors
    /// The scope's own, or the table is out of reach.
    pub async fn price_tiers(&self) -> Result<Vec<PriceTierRecord>, Error> {
        let mut tiers = self.all_price_tiers().await?.tiers;
        tiers.sort_by_cached_key(|tier| tier.name.folded());
        Ok(tiers)
    }

    pub(super) async fn all_price_tiers(&self) -> Result<PriceTiers, Error> {
        self.checked(|reads| reads.price_tiers(self.id())).await
    }
}
