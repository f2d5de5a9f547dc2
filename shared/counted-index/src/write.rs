use std::collections::BTreeMap;

use serde::Serialize;

use dynamo::{Error, Expression, Refused, Transaction};

use crate::{Bucket, CountedIndex, Order, keys};

/// Entries in a bucket at or below which it may be empty: other writers may have removed some since it was read.
const NEARLY_EMPTY: u64 = 16;

/// The outcome of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The write committed.
    Done,
    /// Nothing was written, because an item changed since it was read. The caller reads again and retries.
    Conflict,
}

/// Changes of entries and of their buckets' counts, in one transaction.
pub struct IndexWrite<'t> {
    index: CountedIndex<'t>,
    transaction: Transaction<'t, ()>,
    /// Each bucket is here once, because a transaction allows one action for each item.
    changes: BTreeMap<(Order, String), (Bucket, i64)>,
}

impl<'t> CountedIndex<'t> {
    /// An empty write.
    #[must_use]
    pub fn write(self) -> IndexWrite<'t> {
        IndexWrite { index: self, transaction: Transaction::new(self.table), changes: BTreeMap::new() }
    }
}

impl<'t> IndexWrite<'t> {
    /// Inserts an entry, which must not exist yet, and counts it in its bucket.
    #[must_use]
    pub fn insert(mut self, order: &Order, bucket: &Bucket, key: &str, record: &impl Serialize) -> Self {
        let entry = keys::entry(&order.partition, key);
        self.transaction = self.transaction.put_new(entry, order.entity, record, ());
        self.count(order, bucket, 1);
        self
    }

    /// Removes an entry, which must exist and meet the expression's condition.
    #[must_use]
    pub fn remove(mut self, order: &Order, bucket: &Bucket, key: &str, expression: &Expression) -> Self {
        let entry = keys::entry(&order.partition, key);
        self.transaction = self.transaction.delete(entry, expression, ());
        self.count(order, bucket, -1);
        self
    }

    /// The transaction, for other items that change together with the entries.
    #[must_use]
    pub fn with(mut self, add: impl FnOnce(Transaction<'t, ()>) -> Transaction<'t, ()>) -> Self {
        self.transaction = add(self.transaction);
        self
    }

    fn count(&mut self, order: &Order, bucket: &Bucket, change: i64) {
        let place = (order.clone(), bucket.lower.clone());
        self.changes.entry(place).or_insert_with(|| (bucket.clone(), 0)).1 += change;
    }

    /// Commits. Then splits each bucket that grew past the limit, and deletes each that became empty.
    pub async fn commit(self) -> Result<Outcome, Error> {
        let Self { index, mut transaction, changes } = self;
        if changes.values().any(|(bucket, _)| bucket.is_fenced()) {
            return Ok(Outcome::Conflict);
        }
        for ((order, lower), (bucket, change)) in &changes {
            let key = keys::bucket(&order.partition, lower);
            transaction = if *change != 0 || bucket.has_old_fence() {
                transaction.update(key, &bucket.count(*change), ())
            } else {
                // A move within one bucket leaves its count alone. The epoch is still checked, so a concurrent split
                // refuses the move.
                transaction.check(key, &bucket.as_seen(Expression::default()), ())
            };
        }
        match transaction.commit().await {
            Ok(()) => {}
            Err(Refused::Conditions(_)) => return Ok(Outcome::Conflict),
            Err(Refused::Failed(error)) => return Err(error),
        }
        for ((order, lower), (bucket, change)) in changes {
            index.rebalance(&order, &lower, bucket.entries.saturating_add_signed(change), change < 0).await;
        }
        Ok(Outcome::Done)
    }
}

impl CountedIndex<'_> {
    /// Splits buckets that are too big, and deletes empty ones. The write has committed, so an error here is not
    /// reported: the next write to the bucket tries again.
    async fn rebalance(self, order: &Order, lower: &str, entries: u64, shrank: bool) {
        let rebalanced = if entries > self.limit {
            self.split(order, lower).await
        } else if shrank && entries <= NEARLY_EMPTY && !lower.is_empty() {
            self.delete_if_empty(order, lower).await
        } else {
            return;
        };
        if let Err(error) = rebalanced {
            tracing::warn!(%error, "a bucket is left as it is");
        }
    }
}
