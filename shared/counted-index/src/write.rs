use std::collections::BTreeMap;

use serde::Serialize;

use dynamo::{Error, Expression, Refused, Transaction};

use crate::{Bucket, CountedIndex, Order, keys};

/// Entries in a bucket that may be empty by now: others may have removed some since it was seen.
const NEARLY_EMPTY: u64 = 16;

/// What came of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// Nothing was done: something is no longer as it was read. Read again, and try again.
    Conflict,
}

/// A change of entries, in one transaction with their buckets' counts.
pub struct IndexWrite<'t> {
    index: CountedIndex<'t>,
    transaction: Transaction<'t, ()>,
    /// Each bucket once, since a transaction takes one action on an item.
    changes: BTreeMap<(Order, String), (Bucket, i64)>,
}

impl<'t> CountedIndex<'t> {
    /// A write without anything in it yet.
    #[must_use]
    pub fn write(self) -> IndexWrite<'t> {
        IndexWrite { index: self, transaction: Transaction::new(self.table), changes: BTreeMap::new() }
    }
}

impl<'t> IndexWrite<'t> {
    /// Adds an entry that must not exist yet, to the bucket that its key belongs to.
    #[must_use]
    pub fn insert(mut self, order: &Order, bucket: &Bucket, key: &str, record: &impl Serialize) -> Self {
        let entry = keys::entry(&order.partition, key);
        self.transaction = self.transaction.put_new(entry, order.entity, record, ());
        self.count(order, bucket, 1);
        self
    }

    /// Removes an entry that must exist and keep the expression' condition.
    #[must_use]
    pub fn remove(mut self, order: &Order, bucket: &Bucket, key: &str, expression: &Expression) -> Self {
        let entry = keys::entry(&order.partition, key);
        self.transaction = self.transaction.delete(entry, expression, ());
        self.count(order, bucket, -1);
        self
    }

    /// Adds what else belongs to the change.
    #[must_use]
    pub fn with(mut self, add: impl FnOnce(Transaction<'t, ()>) -> Transaction<'t, ()>) -> Self {
        self.transaction = add(self.transaction);
        self
    }

    fn count(&mut self, order: &Order, bucket: &Bucket, change: i64) {
        let place = (order.clone(), bucket.lower.clone());
        self.changes.entry(place).or_insert_with(|| (bucket.clone(), 0)).1 += change;
    }

    /// Commits, and then splits a bucket that grew past the limit and deletes one that fell empty.
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
                // A move inside one bucket: its count stays, and it must be the one that was seen.
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
    /// Splits a bucket that seems too big, and deletes one that seems empty. The write is done by now: what goes wrong here
    /// is left to the next one.
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
