//! Price tiers, and how many customers are on each.
//!
//! A customer refers to its tier by an id that never changes, so that a rename touches the tier alone. Sixteen counters a
//! tier say how many customers are on it: a customer's write adds to the one that its number falls on, on condition that
//! the counter exists, and a tier is deleted with all sixteen on condition that each is 0. Existence, use and deletion
//! are one atomic question, and writes in bulk don't meet on one item.

use domain::{
    ids::{self, OrganizationId},
    text::{CurrencyCode, CustomerNumber, TierName},
};
use dynamo::{Expression, Item, Refused, SortKeys, Transaction, from_item, number, text};
use ring::digest;
use serde::{Deserialize, Serialize};

use crate::{
    Error, OrganizationTable, Table, keys,
    once::{Effect, Once},
};

/// Counters of one tier.
pub(super) const USE_COUNTERS: u8 = 16;
/// Tiers that an organization may have.
const MOST_TIERS: u8 = 100;

/// A price tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceTier {
    /// Its id, which customers refer to; never shown.
    tier_id: String,
    /// Its name, unique in its organization without case.
    #[serde(rename = "tier_name")]
    pub name: TierName,
    /// The currency of customers that have none of their own.
    pub currency_code: CurrencyCode,
}

#[derive(Serialize, Deserialize)]
struct Uses {
    uses: u64,
}

impl PriceTier {
    /// A new tier.
    #[must_use]
    pub fn new(name: TierName, currency_code: CurrencyCode) -> Self {
        Self { tier_id: ids::random_id(16), name, currency_code }
    }

    pub(super) fn id(&self) -> &str {
        &self.tier_id
    }
}

/// Which of a tier's counters a customer is counted by.
pub(super) fn use_counter(customer: &CustomerNumber) -> u8 {
    let hash = digest::digest(&digest::SHA256, customer.as_str().as_bytes());
    hash.as_ref().first().map_or(0, |byte| byte % USE_COUNTERS)
}

/// Which condition of an addition failed.
enum AdditionRefusal {
    /// The request was sent before.
    Earlier,
    /// The organization is gone, or has all the tiers that it may have.
    Organization,
    Failure(Error),
}

/// Which condition of a deletion failed.
enum DeletionRefusal {
    Failure(Error),
    InUse,
}

impl Table {
    /// Every price tier of an organization, by folded name.
    pub(super) async fn price_tiers_of(&self, organization: &OrganizationId) -> Result<Vec<PriceTier>, Error> {
        let items =
            self.query(&keys::organization_partition(organization), SortKeys::Prefix(keys::TIER_PREFIX)).await?;
        Ok(items.into_iter().map(from_item).collect::<Result<_, _>>()?)
    }
}

impl OrganizationTable<'_> {
    /// Every price tier by name: one round trip.
    ///
    /// # Errors
    /// [`Error::OrganizationGone`], [`Error::NotAdmin`], or the table is out of reach.
    pub async fn price_tiers(&self) -> Result<Vec<PriceTier>, Error> {
        let (tiers, ()) = tokio::try_join!(self.table.price_tiers_of(self.id), self.require_admin())?;
        Ok(tiers)
    }

    /// The tier of this name.
    pub(super) async fn price_tier(&self, name: &TierName) -> Result<Option<PriceTier>, Error> {
        self.table.get(keys::price_tier(self.id, &name.folded())).await
    }

    /// Adds a tier with its counters: one round trip.
    ///
    /// # Errors
    /// [`Error::OrganizationGone`], [`Error::NotAdmin`], [`Error::TierNameTaken`], [`Error::TooManyTiers`],
    /// [`Error::KeyReused`], or the table is out of reach.
    pub async fn add_price_tier(&self, tier: &PriceTier, once: Option<&Once>) -> Result<Effect<()>, Error> {
        let one_more = Expression::update("ADD tier_count :one")
            .and_condition("attribute_not_exists(tier_count) OR tier_count < :most")
            .value(":one", number(1))
            .value(":most", number(MOST_TIERS));
        let transaction = Transaction::new(&self.table.engine).update(
            keys::organization(self.id),
            &one_more,
            AdditionRefusal::Organization,
        )?;
        let transaction = self.check_role(transaction, AdditionRefusal::Failure(self.not_admin()))?;
        let mut transaction = Once::put(once, transaction, &(), AdditionRefusal::Earlier)?.put_new(
            keys::price_tier(self.id, &tier.name.folded()),
            "price tier",
            tier,
            AdditionRefusal::Failure(Error::TierNameTaken),
        )?;
        for counter in 0..USE_COUNTERS {
            let id_taken = AdditionRefusal::Failure(Error::Internal("a random tier id was taken".into()));
            let key = keys::tier_use(self.id, tier.id(), counter);
            transaction = transaction.put_new(key, "price tier use", &Uses { uses: 0 }, id_taken)?;
        }
        match transaction.commit().await {
            Ok(()) => Ok(Effect::new(())),
            Err(Refused::Failed(error)) => Err(error.into()),
            Err(Refused::Conditions(failed)) => self.not_added(failed, once),
        }
    }

    /// Renames a tier and sets its currency; its customers stay on it. One round trip where the name differs at most in
    /// case, two where it is another.
    ///
    /// # Errors
    /// [`Error::OrganizationGone`], [`Error::NotAdmin`], [`Error::NoOldTier`], [`Error::NewTierNameTaken`], or the table is
    /// out of reach.
    pub async fn change_price_tier(
        &self,
        old_name: &TierName,
        new_name: &TierName,
        currency_code: &CurrencyCode,
    ) -> Result<(), Error> {
        let old_key = keys::price_tier(self.id, &old_name.folded());
        let new_key = keys::price_tier(self.id, &new_name.folded());
        let transaction =
            Transaction::new(&self.table.engine).check_exists(keys::organization(self.id), self.organization_gone())?;
        let transaction = self.check_role(transaction, self.not_admin())?;
        if old_key == new_key {
            let change = Expression::update("SET tier_name = :name, currency_code = :currency")
                .value(":name", text(new_name.as_str()))
                .value(":currency", text(currency_code.as_str()));
            return Ok(transaction.update(old_key, &change, Error::NoOldTier)?.commit().await?);
        }
        let (tier, ()) = tokio::try_join!(self.price_tier(old_name), self.require_admin())?;
        let tier_id = tier.ok_or(Error::NoOldTier)?.tier_id;
        let unchanged = Expression::condition("tier_id = :id").value(":id", text(&tier_id));
        let tier = PriceTier { tier_id, name: new_name.clone(), currency_code: currency_code.clone() };
        transaction
            .delete(old_key, &unchanged, Error::NoOldTier)?
            .put_new(new_key, "price tier", &tier, Error::NewTierNameTaken)?
            .commit()
            .await?;
        Ok(())
    }

    /// Removes a tier that no customer is on: two round trips.
    ///
    /// # Errors
    /// [`Error::OrganizationGone`], [`Error::NotAdmin`], [`Error::NoTier`], [`Error::TierInUse`], or the table is out of
    /// reach.
    pub async fn remove_price_tier(&self, name: &TierName) -> Result<(), Error> {
        use DeletionRefusal::{Failure, InUse};

        let (tier, ()) = tokio::try_join!(self.price_tier(name), self.require_admin())?;
        let tier = tier.ok_or(Error::NoTier)?;
        let one_less = Expression::update("ADD tier_count :less").value(":less", number(-1));
        let unchanged = Expression::condition("tier_id = :id").value(":id", text(tier.id()));
        let unused = Expression::condition("uses = :none").value(":none", number(0));
        let transaction = Transaction::new(&self.table.engine).update(
            keys::organization(self.id),
            &one_less,
            Failure(self.organization_gone()),
        )?;
        let mut transaction = self.check_role(transaction, Failure(self.not_admin()))?.delete(
            keys::price_tier(self.id, &name.folded()),
            &unchanged,
            Failure(Error::NoTier),
        )?;
        for counter in 0..USE_COUNTERS {
            transaction = transaction.delete(keys::tier_use(self.id, tier.id(), counter), &unused, InUse)?;
        }
        match transaction.commit().await {
            Ok(()) => Ok(()),
            Err(Refused::Failed(error)) => Err(error.into()),
            Err(Refused::Conditions(failed)) => Err(deletion_error(failed)?),
        }
    }

    fn not_added(
        &self,
        failed: Vec<(AdditionRefusal, Option<Item>)>,
        once: Option<&Once>,
    ) -> Result<Effect<()>, Error> {
        let (mut full, mut first) = (false, None);
        for (refusal, item) in failed {
            match refusal {
                AdditionRefusal::Organization if item.as_ref().is_none_or(Item::is_empty) => {
                    return Err(self.organization_gone());
                }
                AdditionRefusal::Organization => full = true,
                // The role's condition comes before it; what the earlier request itself used up doesn't count.
                AdditionRefusal::Earlier => match (first, once) {
                    (None, Some(once)) => return once.replay(item),
                    (error, _) => first = error,
                },
                AdditionRefusal::Failure(error) => first = first.or(Some(error)),
            }
        }
        match first {
            Some(error) => Err(error),
            None if full => Err(Error::TooManyTiers),
            None => Err(Error::Internal("an addition was cancelled without a reason".into())),
        }
    }
}

/// The counters that aren't 0 come back with what they count.
fn deletion_error(failed: Vec<(DeletionRefusal, Option<Item>)>) -> Result<Error, Error> {
    let mut customers = 0;
    for (refusal, item) in failed {
        match refusal {
            DeletionRefusal::Failure(error) => return Ok(error),
            DeletionRefusal::InUse => {
                let uses: Option<Uses> = item.map(from_item).transpose()?;
                customers += uses.map_or(0, |uses| uses.uses);
            }
        }
    }
    Ok(Error::TierInUse(customers))
}
