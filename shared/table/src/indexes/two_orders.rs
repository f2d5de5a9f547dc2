//! Entries of which an organization has two orders: those that the two hold otherwise are found, and mended. An
//! operator's; the API writes both orders in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use counted_index::{IndexChanges, KeyRanges, Order, Outcome, entry_key};
use domain::ids::OrganizationId;
use dynamo::{Backoff, Expression};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Error, Table, scope::Authority};

/// An entry that is the same in both orders.
pub(crate) trait InTwoOrders: Serialize + DeserializeOwned + Clone + PartialEq + Send + Sync {
    /// The order by what an entry is known by, and the other one.
    fn orders(organization: &OrganizationId) -> [Order; 2];

    /// The entry's key in each of them.
    fn keys(&self) -> [String; 2];

    /// The condition that the entry is as it was read.
    fn unchanged(&self) -> Expression;
}

/// Entries that the two orders hold otherwise: what each is known by, and how it was seen in either order.
pub(crate) type Differing<E> = BTreeMap<String, Vec<E>>;

/// An entry in both orders.
struct Seen<E> {
    /// In the first one.
    known: Option<E>,
    /// In the second one, at its own key and at those where it was seen before.
    beside: BTreeMap<String, Option<E>>,
    /// Such keys at which another entry is.
    taken: BTreeSet<String>,
}

impl Table {
    /// Reads a whole order.
    pub(crate) async fn all_entries<E: DeserializeOwned>(&self, order: &Order) -> Result<Vec<E>, Error> {
        let indexes = self.indexes_by(Authority::Operator);
        let outline = indexes.buckets(order).await?;
        let segments = indexes.segments(order, &outline, &KeyRanges::all()).await?;
        Ok(indexes.scan(order, &segments, |_| true).await?)
    }

    /// Returns the entries that the two orders hold otherwise. A write that commits meanwhile can look like one.
    pub(crate) async fn differing<E: InTwoOrders>(&self, organization: &OrganizationId) -> Result<Differing<E>, Error> {
        let mut seen: BTreeMap<String, [Vec<E>; 2]> = BTreeMap::new();
        for (place, order) in E::orders(organization).iter().enumerate() {
            for entry in self.all_entries::<E>(order).await? {
                let [known_by, _] = entry.keys();
                seen.entry(known_by).or_insert_with(|| [vec![], vec![]])[place].push(entry);
            }
        }
        let differing = seen.into_iter().filter(|(_, [one, other])| one.len() != 1 || one != other);
        Ok(differing.map(|(known_by, [one, other])| (known_by, [one, other].concat())).collect())
    }

    /// Makes the two orders hold the same, and returns the number of entries that had to be changed.
    pub(crate) async fn repair_orders<E: InTwoOrders>(&self, organization: &OrganizationId) -> Result<u64, Error> {
        let mut mended = 0;
        for (known_by, seen) in self.differing::<E>(organization).await? {
            let others = seen.iter().map(|entry| {
                let [_, other] = entry.keys();
                other
            });
            let others = others.collect();
            mended += u64::from(self.repair_entry::<E>(organization, &known_by, &others).await?);
        }
        Ok(mended)
    }

    /// Makes both orders hold what the first one does, or what the other one does where that holds nothing. Returns
    /// whether anything had to be changed. Nothing is changed that isn't as it was read.
    async fn repair_entry<E: InTwoOrders>(
        &self,
        organization: &OrganizationId,
        known_by: &str,
        others: &BTreeSet<String>,
    ) -> Result<bool, Error> {
        let indexes = self.indexes_by(Authority::Operator);
        let [first, second] = E::orders(organization);
        let mut backoff = Backoff::default();
        loop {
            let Seen { known, beside, taken } = self.seen_of::<E>(organization, known_by, others).await?;
            let Some(truth) = known.clone().or_else(|| beside.values().flatten().next().cloned()) else {
                return Ok(false);
            };
            let [_, place] = truth.keys();
            if taken.contains(&place) {
                tracing::warn!(
                    entity = second.entity,
                    "two entries have one place, which leaves one of them out of an order"
                );
                return Ok(false);
            }
            let (mut as_read, mut changes, mut is_wrong) = (Vec::new(), IndexChanges::default(), false);
            if let Some(known) = &known {
                as_read.push((entry_key(&first.partition, known_by), known.unchanged()));
            } else {
                changes.insert(&first, &indexes.locate(&first, known_by).await?, known_by, &truth);
                is_wrong = true;
            }
            for (key, entry) in &beside {
                match entry {
                    Some(entry) if *key == place && *entry == truth => {
                        as_read.push((entry_key(&second.partition, key), entry.unchanged()));
                        continue;
                    }
                    Some(entry) if *key == place => changes.replace(&second, key, &truth, entry.unchanged()),
                    Some(entry) => {
                        changes.remove(&second, &indexes.locate(&second, key).await?, key, entry.unchanged());
                    }
                    None if *key == place => {
                        changes.insert(&second, &indexes.locate(&second, key).await?, key, &truth);
                    }
                    None => continue,
                }
                is_wrong = true;
            }
            if !is_wrong {
                return Ok(false);
            }
            let write = indexes.write().with_changes(changes).with(|writes| {
                as_read.into_iter().fold(writes, |writes, (key, unchanged)| writes.check(key, &unchanged, ()))
            });
            match write.commit().await? {
                Outcome::Done => return Ok(true),
                Outcome::Conflict => backoff.wait_or_give_up("the entry is being changed by others").await?,
            }
        }
    }

    /// Reads an entry in the first order, and what the second one has of it at its own key and at the `others`.
    async fn seen_of<E: InTwoOrders>(
        &self,
        organization: &OrganizationId,
        known_by: &str,
        others: &BTreeSet<String>,
    ) -> Result<Seen<E>, Error> {
        let (reads, [first, second]) = (self.reads_by(Authority::Operator), E::orders(organization));
        let known: Option<E> = reads.entry(entry_key(&first.partition, known_by)).await?;
        let own = known.iter().map(InTwoOrders::keys).map(|[_, key]| key);
        let (mut beside, mut taken) = (BTreeMap::new(), BTreeSet::new());
        for key in others.iter().cloned().chain(own) {
            let entry: Option<E> = reads.entry(entry_key(&second.partition, &key)).await?;
            if entry.as_ref().is_some_and(|entry| entry.keys()[0] != known_by) {
                taken.insert(key);
            } else {
                beside.insert(key, entry);
            }
        }
        Ok(Seen { known, beside, taken })
    }
}
