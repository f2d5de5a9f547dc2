use std::collections::BTreeMap;

use serde::Serialize;

use dynamo::{Error, Expression, Refused, Transaction, time_left};
use tokio::time::timeout;

use crate::{ANSWER_TIME, Bucket, CountedIndex, Order, REBALANCE_TIME, keys};

/// A bucket with at most so many entries after a removal may be empty, because other writers may have removed some
/// since it was read. Deletion is then tried, on condition that it is.
const NEARLY_EMPTY_ENTRIES: u64 = 16;

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
    /// The change of each bucket's count, by order and lower bound. Changes of one bucket are summed up, because a
    /// transaction allows one action for each item.
    changes: BTreeMap<(Order, String), (Bucket, i64)>,
}

impl<'t> CountedIndex<'t> {
    /// Begins a write without changes.
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
        self.add_to_count(order, bucket, 1);
        self
    }

    /// Removes an entry, which must exist and meet the expression's condition.
    #[must_use]
    pub fn remove(mut self, order: &Order, bucket: &Bucket, key: &str, expression: &Expression) -> Self {
        let entry = keys::entry(&order.partition, key);
        self.transaction = self.transaction.delete(entry, expression, ());
        self.add_to_count(order, bucket, -1);
        self
    }

    /// Adds actions for other items, which change together with the entries.
    #[must_use]
    pub fn with(mut self, add: impl FnOnce(Transaction<'t, ()>) -> Transaction<'t, ()>) -> Self {
        self.transaction = add(self.transaction);
        self
    }

    fn add_to_count(&mut self, order: &Order, bucket: &Bucket, change: i64) {
        let bucket_id = (order.clone(), bucket.lower.clone());
        self.changes.entry(bucket_id).or_insert_with(|| (bucket.clone(), 0)).1 += change;
    }

    /// Commits the write. Then splits each bucket that grew past the limit, and deletes each that became empty.
    ///
    /// A bucket whose fence is up is not written to: the caller waits and reads again. An expired fence is taken over,
    /// even by a write that leaves the count alone, because the splitter must not commit a stale list of keys.
    pub async fn commit(self) -> Result<Outcome, Error> {
        let Self { index, mut transaction, changes } = self;
        if changes.values().any(|(bucket, _)| bucket.is_fenced()) {
            return Ok(Outcome::Conflict);
        }
        for ((order, lower), (bucket, change)) in &changes {
            let key = keys::bucket(&order.partition, lower);
            transaction = if *change != 0 || bucket.has_fence() {
                transaction.update(key, &bucket.change_count(*change), ())
            } else {
                // A move within one bucket leaves the count alone, but a split at the same time may put the old and the
                // new key into different buckets. The epoch tells, so it is still checked.
                transaction.check(key, &bucket.require_epoch(Expression::default()), ())
            };
        }
        match transaction.commit().await {
            Ok(()) => {}
            Err(Refused::Conditions(_)) => return Ok(Outcome::Conflict),
            Err(Refused::Failed(error)) => return Err(error),
        }
        index.rebalance(changes).await;
        Ok(Outcome::Done)
    }
}

impl CountedIndex<'_> {
    /// Splits buckets that are too big, and deletes those that became empty. The write has already committed, so an error
    /// is only logged, and what takes too long is given up at any step. The next write to the bucket tries again.
    async fn rebalance(self, changes: BTreeMap<(Order, String), (Bucket, i64)>) {
        let time = time_left().map_or(REBALANCE_TIME, |left| left.saturating_sub(ANSWER_TIME).min(REBALANCE_TIME));
        let rebalanced = timeout(time, async {
            for ((order, lower), (bucket, change)) in changes {
                let entries = bucket.entries.saturating_add_signed(change);
                self.rebalance_bucket(&order, &lower, entries, change < 0).await;
            }
        });
        if rebalanced.await.is_err() {
            tracing::warn!("buckets are left as they are, since it took too long");
        }
    }

    async fn rebalance_bucket(self, order: &Order, lower: &str, entries: u64, shrank: bool) {
        let rebalanced = if entries > self.max_entries {
            self.split(order, lower).await
        } else if shrank && entries <= NEARLY_EMPTY_ENTRIES && !lower.is_empty() {
            self.delete_if_empty(order, lower).await
        } else {
            return;
        };
        if let Err(error) = rebalanced {
            tracing::warn!(%error, "a bucket is left as it is");
        }
    }
}
