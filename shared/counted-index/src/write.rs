use std::collections::BTreeMap;

use serde::Serialize;

use dynamo::{Error, Expression, Item, Key, Refused, Transaction, time_left, to_item};
use tokio::time::timeout;

use crate::{ANSWER_TIME, Bucket, CountedIndex, Order, REBALANCE_TIME, keys, parent};

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

/// Changes of entries and of their buckets' counts, which belong into one transaction.
#[derive(Default)]
pub struct IndexChanges {
    entries: Vec<EntryChange>,
    /// An entry that can't be made, which the commit reports.
    defect: Option<Error>,
    /// The change of each bucket's count, by order and lower bound. Changes of one bucket are summed up, because a
    /// transaction allows one action for each item.
    counts: BTreeMap<(Order, String), (Bucket, i64)>,
}

enum EntryChange {
    Insert(Item),
    Update(Key, Expression),
    Replace(Item, Expression),
    Remove(Key, Expression),
    /// Nothing is there, and stays so.
    None(Key),
}

/// Changes of entries and of their buckets' counts, in a transaction of their own.
pub struct IndexWrite<'t> {
    index: CountedIndex<'t>,
    transaction: Transaction<'t, ()>,
    changes: IndexChanges,
}

impl IndexChanges {
    /// Inserts an entry, which must not exist yet, and counts it in its bucket.
    pub fn insert(&mut self, order: &Order, bucket: &Bucket, key: &str, record: &impl Serialize) {
        match to_item(keys::entry(&order.partition, key), order.entity, record) {
            Ok(item) => self.entries.push(EntryChange::Insert(item)),
            Err(error) => self.defect = Some(error),
        }
        self.add_to_count(order, bucket, 1);
    }

    /// Updates an entry, which must exist and meet the expression's condition. Its key and every count stay, so that
    /// its bucket is not needed.
    pub fn update(&mut self, order: &Order, key: &str, expression: Expression) {
        self.entries.push(EntryChange::Update(keys::entry(&order.partition, key), expression));
    }

    /// Replaces an entry, which must exist and meet the expression's condition. Its key and every count stay, so that
    /// its bucket is not needed.
    pub fn replace(&mut self, order: &Order, key: &str, record: &impl Serialize, expression: Expression) {
        match to_item(keys::entry(&order.partition, key), order.entity, record) {
            Ok(item) => self.entries.push(EntryChange::Replace(item, expression)),
            Err(error) => self.defect = Some(error),
        }
    }

    /// Asks that an entry doesn't exist.
    pub fn require_no_entry(&mut self, order: &Order, key: &str) {
        self.entries.push(EntryChange::None(keys::entry(&order.partition, key)));
    }

    /// Asks that the order has not been created.
    pub fn require_no_order(&mut self, order: &Order) {
        self.entries.push(EntryChange::None(keys::bucket(&order.partition, "")));
    }

    /// Removes an entry, which must exist and meet the expression's condition.
    pub fn remove(&mut self, order: &Order, bucket: &Bucket, key: &str, expression: Expression) {
        self.entries.push(EntryChange::Remove(keys::entry(&order.partition, key), expression));
        self.add_to_count(order, bucket, -1);
    }

    fn add_to_count(&mut self, order: &Order, bucket: &Bucket, change: i64) {
        let bucket_id = (order.clone(), bucket.lower.clone());
        self.counts.entry(bucket_id).or_insert_with(|| (bucket.clone(), 0)).1 += change;
    }

    /// Returns whether a bucket's fence is up. Nothing may then be written: the caller waits and reads again.
    #[must_use]
    pub fn are_fenced(&self) -> bool {
        self.counts.values().any(|(bucket, _)| bucket.is_fenced())
    }

    /// Adds the changes to a transaction. `refusal` says that an entry or a bucket is not as it was read.
    ///
    /// An expired fence is taken over, even by a write that leaves the count alone, because the splitter must not
    /// commit a stale list of keys.
    #[must_use]
    pub fn add_to<'t, R>(
        &mut self,
        mut transaction: Transaction<'t, R>,
        refusal: impl Fn() -> R,
    ) -> Transaction<'t, R> {
        if let Some(error) = self.defect.take() {
            transaction = transaction.with_defect(error);
        }
        for entry in self.entries.drain(..) {
            transaction = match entry {
                EntryChange::Insert(item) => transaction.put_new_item(item, refusal()),
                EntryChange::Update(key, expression) => transaction.update(key, &expression, refusal()),
                EntryChange::Replace(item, expression) => transaction.replace_item(item, &expression, refusal()),
                EntryChange::None(key) => {
                    transaction.check_any(key, &Expression::condition("attribute_not_exists(pk)"), refusal())
                }
                EntryChange::Remove(key, expression) => transaction.delete(key, &expression, refusal()),
            };
        }
        // A parent's count changes by the sum of its buckets' changes. Where that is none, a bucket's epoch is enough
        // to know that the bucket still has this parent.
        let mut parents = BTreeMap::<(&Order, &str), i64>::new();
        for ((order, lower), (bucket, change)) in &self.counts {
            if let Some(parent) = &bucket.parent {
                *parents.entry((order, parent)).or_default() += change;
            }
            let key = keys::bucket(&order.partition, lower);
            transaction = if *change != 0 || bucket.has_fence() {
                transaction.update(key, &bucket.change_count(*change), refusal())
            } else {
                // A move within one bucket leaves the count alone, but a split at the same time may put the old and the
                // new key into different buckets. The epoch tells, so it is still checked.
                transaction.check(key, &bucket.require_epoch(Expression::default()), refusal())
            };
        }
        for ((order, lower), change) in parents.into_iter().filter(|(_, change)| *change != 0) {
            let key = keys::parent(&order.partition, lower);
            transaction = transaction.update(key, &parent::change_count(change), refusal());
        }
        transaction
    }
}

impl<'t> CountedIndex<'t> {
    /// Begins a write without changes.
    #[must_use]
    pub fn write(self) -> IndexWrite<'t> {
        IndexWrite { index: self, transaction: Transaction::new(self.table), changes: IndexChanges::default() }
    }
}

impl<'t> IndexWrite<'t> {
    /// Inserts an entry, which must not exist yet, and counts it in its bucket.
    #[must_use]
    pub fn insert(mut self, order: &Order, bucket: &Bucket, key: &str, record: &impl Serialize) -> Self {
        self.changes.insert(order, bucket, key, record);
        self
    }

    /// Removes an entry, which must exist and meet the expression's condition.
    #[must_use]
    pub fn remove(mut self, order: &Order, bucket: &Bucket, key: &str, expression: &Expression) -> Self {
        self.changes.remove(order, bucket, key, expression.clone());
        self
    }

    /// Adds changes to a write that has none of its own.
    #[must_use]
    pub fn with_changes(self, changes: IndexChanges) -> Self {
        Self { changes, ..self }
    }

    /// Adds actions for other items, which change together with the entries.
    #[must_use]
    pub fn with(mut self, add: impl FnOnce(Transaction<'t, ()>) -> Transaction<'t, ()>) -> Self {
        self.transaction = add(self.transaction);
        self
    }

    /// Commits the write. Then splits each bucket that grew past the limit, and deletes each that became empty.
    pub async fn commit(self) -> Result<Outcome, Error> {
        let Self { index, transaction, mut changes } = self;
        if changes.are_fenced() {
            return Ok(Outcome::Conflict);
        }
        match changes.add_to(transaction, || ()).commit().await {
            Ok(()) => {}
            Err(Refused::Conditions(_)) => return Ok(Outcome::Conflict),
            Err(Refused::Failed(error)) => return Err(error),
        }
        index.rebalance(changes).await;
        Ok(Outcome::Done)
    }
}

impl CountedIndex<'_> {
    /// Splits buckets and parents that are too big, and deletes buckets that became empty, after the changes have been
    /// committed. So an error is only logged, and what takes too long is given up at any step. The next write to the
    /// bucket tries again.
    pub async fn rebalance(self, changes: IndexChanges) {
        let time = time_left().map_or(REBALANCE_TIME, |left| left.saturating_sub(ANSWER_TIME).min(REBALANCE_TIME));
        let rebalanced = timeout(time, async {
            for ((order, lower), (bucket, change)) in changes.counts {
                let entries = bucket.entries.saturating_add_signed(change);
                self.rebalance_bucket(&order, &lower, entries, change < 0).await;
            }
        });
        if rebalanced.await.is_err() {
            tracing::warn!("buckets are left as they are, since it took too long");
        }
    }

    async fn split_and_settle(self, order: &Order, lower: &str) -> Result<(), Error> {
        if self.split(order, lower).await? { self.settle_around(order, lower).await } else { Ok(()) }
    }

    async fn rebalance_bucket(self, order: &Order, lower: &str, entries: u64, shrank: bool) {
        let rebalanced = if entries > self.max_entries {
            self.split_and_settle(order, lower).await
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
