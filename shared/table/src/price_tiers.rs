//! Price tiers, and how many customers are on each.
//!
//! A customer refers to its tier by an id that never changes, so that a rename touches the tier alone. Sixteen counters
//! a tier say how many customers are on it: a customer's write adds to the one that its number falls on, on condition
//! that the counter exists, and a tier is deleted with all sixteen on condition that each is 0. Existence, use and
//! deletion are one atomic question, and writes in bulk don't meet on one item.

use domain::{
    ids::OrganizationId,
    text::{CurrencyCode, TierName},
};
use dynamo::{Backoff, Expression, SortKeys, from_item, number, text};

use crate::{
    Error, IdempotencyKey, OrganizationScope, PriceTierError, Replayable, Table,
    records::{PriceTierRecord, TierUseRecord, USE_COUNTERS},
    scope::{Authority, Committed, Refusals, keys},
};

/// The number of tiers that an organization may have.
const MAX_TIERS: u8 = 100;

/// The condition of a deletion that failed.
enum DeletionRefusal {
    NotFound,
    InUse,
}

/// The condition of a patch that failed.
enum PatchRefusal {
    /// Another request changed the tier.
    Changed,
    NameTaken,
}

impl Table {
    /// Every price tier of an organization, by folded name, for a user's token.
    pub(crate) async fn price_tiers_for_member(
        &self,
        organization: &OrganizationId,
    ) -> Result<Vec<PriceTierRecord>, Error> {
        let partition = keys::organization_partition(organization).by(Authority::Member);
        self.query(&partition, SortKeys::Prefix(keys::TIER_PREFIX)).await
    }
}

impl OrganizationScope<'_> {
    /// Every price tier by name: one round trip.
    ///
    /// # Errors
    /// The scope's own, or the table is out of reach.
    pub async fn price_tiers(&self) -> Result<Vec<PriceTierRecord>, Error> {
        self.checked(|reads| async move {
            reads.query(keys::organization_partition(self.id()), SortKeys::Prefix(keys::TIER_PREFIX)).await
        })
        .await
    }

    /// Adds a tier with its counters: one round trip.
    ///
    /// # Errors
    /// [`PriceTierError::NameTaken`], [`PriceTierError::LimitReached`], the scope's own, [`Error::KeyReused`], or the
    /// table is out of reach.
    pub async fn add_price_tier(
        &self,
        tier: &PriceTierRecord,
        key: Option<&IdempotencyKey>,
    ) -> Result<Replayable<()>, PriceTierError> {
        let one_more = Expression::update("ADD tier_count :one")
            .and_condition("attribute_not_exists(tier_count) OR tier_count < :most")
            .value(":one", number(1))
            .value(":most", number(MAX_TIERS));
        let mut write = self
            .write_changing_organization(&one_more, PriceTierError::LimitReached)
            .idempotent(key, &())
            .put_new(keys::price_tier(self.id(), &tier.name.folded()), tier, PriceTierError::NameTaken);
        for counter in 0..USE_COUNTERS {
            let key = keys::tier_use(self.id(), &tier.tier_id, counter);
            write = write.put_new(key, &TierUseRecord { uses: 0 }, Error::id_taken().into());
        }
        match write.commit(()).await? {
            Committed::Done(done) => Ok(done),
            // A taken name is said before a full organization, since another name wouldn't help either way.
            Committed::Refused(refusals) => Err(refusals
                .into_iter()
                .map(|(refusal, _)| refusal)
                .find(|refusal| !matches!(refusal, PriceTierError::LimitReached))
                .unwrap_or(PriceTierError::LimitReached)),
        }
    }

    /// Renames a tier and sets its currency; its customers stay on it. One round trip where the name differs at most in
    /// case, two where it is another.
    ///
    /// # Errors
    /// [`PriceTierError::NotFound`], [`PriceTierError::NameTaken`], the scope's own, or the table is out of reach.
    pub async fn change_price_tier(
        &self,
        old_name: &TierName,
        new_name: &TierName,
        currency_code: &CurrencyCode,
    ) -> Result<(), PriceTierError> {
        let old_key = keys::price_tier(self.id(), &old_name.folded());
        if old_name.folded() == new_name.folded() {
            let change = Expression::update("SET tier_name = :name, currency_code = :currency")
                .value(":name", text(new_name.as_str()))
                .value(":currency", text(currency_code.as_str()));
            self.write().update(old_key, &change, PriceTierError::NotFound).commit_or((), Err).await?;
            return Ok(());
        }
        let tier_id = self.price_tier(old_name).await?.ok_or(PriceTierError::NotFound)?.tier_id;
        let unchanged = Expression::condition("tier_id = :id").value(":id", text(&tier_id));
        let tier = PriceTierRecord { tier_id, name: new_name.clone(), currency_code: currency_code.clone() };
        self.write()
            .delete(old_key, &unchanged, PriceTierError::NotFound)
            .put_new(keys::price_tier(self.id(), &new_name.folded()), &tier, PriceTierError::NameTaken)
            .commit_or((), Err)
            .await?;
        Ok(())
    }

    /// Renames a tier, sets its currency, or both: a read, then one transaction where that changes anything. Returns the
    /// tier as it is then.
    ///
    /// # Errors
    /// [`PriceTierError::NotFound`], [`PriceTierError::NameTaken`], the scope's own, or the table is out of reach.
    pub async fn patch_price_tier(
        &self,
        name: &TierName,
        new_name: Option<TierName>,
        currency_code: Option<CurrencyCode>,
    ) -> Result<PriceTierRecord, PriceTierError> {
        let mut backoff = Backoff::default();
        loop {
            let present = self.price_tier(name).await?.ok_or(PriceTierError::NotFound)?;
            let patched = PriceTierRecord {
                tier_id: present.tier_id.clone(),
                name: new_name.clone().unwrap_or_else(|| present.name.clone()),
                currency_code: currency_code.clone().unwrap_or_else(|| present.currency_code.clone()),
            };
            if patched == present {
                return Ok(present);
            }
            // What isn't sent has to be as it was read, or the answer would say what no longer holds.
            let unchanged = Expression::condition("tier_id = :id AND tier_name = :was AND currency_code = :in")
                .value(":id", text(&present.tier_id))
                .value(":was", text(present.name.as_str()))
                .value(":in", text(present.currency_code.as_str()));
            let (old_key, folded) = (keys::price_tier(self.id(), &name.folded()), patched.name.folded());
            let write = if folded == name.folded() {
                self.write().replace(old_key, &patched, &unchanged, PatchRefusal::Changed)
            } else {
                self.write().delete(old_key, &unchanged, PatchRefusal::Changed).put_new(
                    keys::price_tier(self.id(), &folded),
                    &patched,
                    PatchRefusal::NameTaken,
                )
            };
            match write.commit(()).await? {
                Committed::Done(_) => return Ok(patched),
                Committed::Refused(refusals) => match refusals.into_iter().next() {
                    Some((PatchRefusal::NameTaken, _)) => return Err(PriceTierError::NameTaken),
                    _ => {
                        backoff
                            .wait_or_give_up("a price tier is being changed by others")
                            .await
                            .map_err(Error::from)?;
                    }
                },
            }
        }
    }

    /// Removes a tier that no customer is on: two round trips.
    ///
    /// # Errors
    /// [`PriceTierError::NotFound`], [`PriceTierError::InUse`], the scope's own, or the table is out of reach.
    pub async fn remove_price_tier(&self, name: &TierName) -> Result<(), PriceTierError> {
        let tier = self.price_tier(name).await?.ok_or(PriceTierError::NotFound)?;
        let one_less = Expression::update("ADD tier_count :less").value(":less", number(-1));
        let unchanged = Expression::condition("tier_id = :id").value(":id", text(&tier.tier_id));
        let unused = Expression::condition("uses = :none").value(":none", number(0));
        let mut write = self.write_changing_organization(&one_less, DeletionRefusal::NotFound).delete(
            keys::price_tier(self.id(), &name.folded()),
            &unchanged,
            DeletionRefusal::NotFound,
        );
        for counter in 0..USE_COUNTERS {
            let key = keys::tier_use(self.id(), &tier.tier_id, counter);
            write = write.delete(key, &unused, DeletionRefusal::InUse);
        }
        match write.commit(()).await? {
            Committed::Done(_) => Ok(()),
            Committed::Refused(refusals) => Err(read_deletion_error(refusals)?),
        }
    }

    async fn price_tier(&self, name: &TierName) -> Result<Option<PriceTierRecord>, Error> {
        self.checked(|reads| async move { reads.get(keys::price_tier(self.id(), &name.folded())).await }).await
    }
}

/// Maps a failed deletion to its error. Counters that are not 0 come back with their counts, which add up to the
/// customers.
fn read_deletion_error(refusals: Refusals<DeletionRefusal>) -> Result<PriceTierError, Error> {
    let mut customers = 0;
    for (refusal, item) in refusals {
        match refusal {
            DeletionRefusal::NotFound => return Ok(PriceTierError::NotFound),
            DeletionRefusal::InUse => {
                let counter: Option<TierUseRecord> = item.map(from_item).transpose()?;
                customers += counter.map_or(0, |counter| counter.uses);
            }
        }
    }
    Ok(PriceTierError::InUse(customers))
}
