//! Price tiers of tables from before a tier's key was its id. Their key was the name, folded, and moved with it.
//!
//! Readers take both forms, and whatever changes or removes a tier brings it over first. `migrate` does it for the rest,
//! while calls go on, in two steps that never take a tier out of a reader's sight:
//!
//! 1. In one transaction: put the item in the present form and the item of the name, and mark the earlier item as
//!    superseded.
//! 2. Once every read that was under way has ended, delete the earlier item.
//!
//! In one step a tier could be missing from a list, since a Query is not isolated from a transaction:
//!
//! | Query, by sort key | Migration |
//! |---|---|
//! | passes the place of `TIER#4k…`, where nothing is | |
//! | | puts `TIER#4k…`, deletes `TIER#gold` |
//! | comes to the place of `TIER#gold`, where nothing is | |

use std::{collections::BTreeSet, time::Duration};

use domain::ids::OrganizationId;
use dynamo::{Expression, text};
use tokio::time::sleep;

use crate::{
    Error, Table,
    records::{PriceTierRecord, TierNameRecord},
    scope::{Authority, Committed, keys},
};

/// Longer than any read of the tiers takes: a call that isn't answered within three seconds is made again.
const LONGEST_READ: Duration = Duration::from_secs(5);

/// Passes over the table. The second one finds nothing, but where an earlier version is still at work.
const MAX_PASSES: u32 = 5;

/// What became of the price tiers that were in the form of earlier versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BroughtOverTiers {
    /// How many are in the present form now.
    pub moved: usize,
    /// Organizations, each with the name of a tier whose name another tier has. Such a tier stays as it is.
    pub taken: BTreeSet<(String, String)>,
}

/// What became of one tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BroughtOver {
    Done,
    /// Another call changed the tier meanwhile, or has brought it over.
    Changed,
    /// Another tier has the name.
    NameTaken,
}

impl BroughtOver {
    pub(super) fn is_done(self) -> bool {
        self == Self::Done
    }
}

impl Table {
    /// Brings every price tier that is in the form of earlier versions into the present one. Reads the whole table, and
    /// takes two transactions for each such tier. It may be stopped and run again.
    ///
    /// # Errors
    /// The table is out of reach: run it again.
    pub async fn bring_over_price_tiers(&self) -> Result<BroughtOverTiers, Error> {
        let earlier_form = Expression::condition("begins_with(sk, :tiers) AND attribute_not_exists(revision)")
            .value(":tiers", text(keys::TIER_PREFIX));
        let mut done = BroughtOverTiers::default();
        for _ in 0..MAX_PASSES {
            let mut found = self.of_every_organization_by(&earlier_form, Authority::Migration).await?;
            let name = |organization: &OrganizationId, tier: &PriceTierRecord| {
                (organization.to_string(), tier.name.as_str().to_owned())
            };
            found.retain(|(organization, tier)| !done.taken.contains(&name(organization, tier)));
            if found.is_empty() {
                return Ok(done);
            }
            for (organization, tier) in found.iter().filter(|(_, tier)| !tier.superseded) {
                match self.bring_over(organization, tier).await? {
                    BroughtOver::Done => done.moved += 1,
                    BroughtOver::Changed => {}
                    BroughtOver::NameTaken => {
                        done.taken.insert(name(organization, tier));
                    }
                }
            }
            sleep(LONGEST_READ).await;
            for (organization, tier) in &found {
                self.delete_superseded(organization, tier).await?;
            }
        }
        Err(Error::Unavailable("price tiers are being changed by an earlier version".to_owned()))
    }

    /// Puts a tier that is in the form of earlier versions into the present form, in which it has the same name and
    /// currency.
    pub(super) async fn bring_over(
        &self,
        organization: &OrganizationId,
        tier: &PriceTierRecord,
    ) -> Result<BroughtOver, Error> {
        let folded = tier.name.folded();
        let present = PriceTierRecord { revision: Some(0), ..tier.clone() };
        let name = TierNameRecord { tier_id: tier.tier_id.clone() };
        let supersede = Expression::update("SET superseded = :superseded")
            .and_condition(
                "tier_id = :id AND tier_name = :was AND currency_code = :in AND attribute_not_exists(superseded)",
            )
            .value(":superseded", dynamo::bool_value(true))
            .value(":id", text(&tier.tier_id))
            .value(":was", text(tier.name.as_str()))
            .value(":in", text(tier.currency_code.as_str()));
        let (earlier, by) = (keys::earlier_price_tier(organization, &folded), Authority::Migration);
        let write = self
            .write()
            .unasked()
            .update(earlier.by(by), &supersede, BroughtOver::Changed)
            .put_new(keys::tier_name(organization, &folded).by(by), &name, BroughtOver::NameTaken)
            .put_new(keys::price_tier(organization, &tier.tier_id).by(by), &present, BroughtOver::Changed);
        Ok(match write.commit(()).await? {
            Committed::Done(_) => BroughtOver::Done,
            Committed::Refused(refusals) => {
                refusals.into_iter().next().map_or(BroughtOver::Changed, |(refusal, _)| refusal)
            }
        })
    }

    async fn delete_superseded(&self, organization: &OrganizationId, tier: &PriceTierRecord) -> Result<(), Error> {
        let earlier = keys::earlier_price_tier(organization, &tier.name.folded()).by(Authority::Migration);
        let superseded = Expression::condition("attribute_exists(superseded) AND tier_id = :id");
        let superseded = superseded.value(":id", text(&tier.tier_id));
        // Where it is gone already, or was never superseded, nothing is to be done: another pass sees what is left.
        self.write().delete(earlier, &superseded, ()).commit(()).await?;
        Ok(())
    }
}
