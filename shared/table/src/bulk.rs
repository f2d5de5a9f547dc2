//! Writes many rows in as few transactions as they fit into.
//!
//! The rows go in *rounds*. A round reads what its rows need, beside the live role check: so the rows of an admin who
//! is demoted meanwhile end with the round. Then it writes them, as many in a transaction as fit.
//!
//! *Transactions in flight share no item.* On AWS they would conflict. Rows of one bucket are written together, and two
//! transactions that touch one bucket come one after the other.
//!
//! *One row stops no other.* Where a condition fails, nothing of the transaction is written, and all of its rows are read
//! again. They go in transactions of half the size, down to one row each: what can't be written is alone in the end.

use std::{
    collections::{BTreeSet, VecDeque},
    mem::take,
    pin::Pin,
    time::Duration,
};

use counted_index::{Bucket, IndexChanges, IndexReader, MAX_BUCKET_ENTRIES, Order, holder};
use dynamo::{Backoff, Expression, time_left};
use futures_util::future::{join_all, try_join_all};
use serde::Serialize;
use tokio::time::timeout;

use crate::{
    Error, OrganizationScope,
    members::{MemberOrder, RowChange},
    scope::{Committed, Reads, RoleHeld, Write},
};

/// Actions that one `TransactWriteItems` accepts.
const MAX_ACTIONS: usize = 100;
/// Rows that one round reads and writes.
const ROUND_ROWS: usize = 250;
/// Transactions in flight together.
const MAX_PARALLEL: usize = 8;
/// What is left of a call once its rows are given up: the answer has to be made.
pub(crate) const ANSWER_TIME: Duration = Duration::from_secs(1);

/// What came of a row.
#[derive(Debug)]
pub enum RowOutcome<E> {
    /// The row was written.
    Written,
    /// Everything was as the row has it.
    Unchanged,
    /// The row can't be written, for this reason.
    Refused(E),
    /// There was no time left for the row, or nobody knows whether it was written.
    NotAttempted,
}

impl<E> RowOutcome<E> {
    /// Maps the reason of a refusal.
    pub fn map_refusal<F>(self, map: impl FnOnce(E) -> F) -> RowOutcome<F> {
        match self {
            Self::Written => RowOutcome::Written,
            Self::Unchanged => RowOutcome::Unchanged,
            Self::Refused(error) => RowOutcome::Refused(map(error)),
            Self::NotAttempted => RowOutcome::NotAttempted,
        }
    }
}

/// The refusal of a transaction that met something not as it was read.
#[derive(Clone, Copy)]
pub(crate) struct Changed;

/// A transaction of several rows.
pub(crate) type BulkWrite<'t> = Write<'t, RoleHeld<'t>, Changed>;

/// A row that is to be written, with what was read of it.
pub(crate) trait BulkRow: Send + Sync + Sized {
    /// How many items the row changes that are no other row's.
    fn own_actions(&self) -> usize;

    /// The entries that come and go with the row: the place of the order, the key, and 1 or -1.
    fn counted_entries(&self) -> Vec<(usize, &str, i64)>;

    /// The names of other counters that the row shares with others.
    fn counters(&self) -> Vec<String> {
        Vec::new()
    }

    /// Adds the rows of one transaction.
    fn add<'t>(rows: &[&Self], write: BulkWrite<'t>, changes: &mut CountedChanges<'_>) -> BulkWrite<'t>;
}

/// The rows of a round as they are in the table.
pub(crate) struct Round<R> {
    /// The orders that the rows are in.
    pub(crate) orders: Vec<Order>,
    /// The rows that are to be written, each by its place among all.
    pub(crate) rows: Vec<(usize, R)>,
}

/// Rows that are to be written.
pub(crate) trait BulkWork: Send {
    type Row: BulkRow;

    /// Reads the rows at these places, and settles those that need no write.
    fn read<'a>(&'a mut self, reads: Reads<'a>, places: &'a [usize]) -> ReadingRound<'a, Self::Row>;

    /// Notes that a row was written.
    fn note_written(&mut self, place: usize);
}

/// The reads of a round. Their type is erased: the compiler can't see that they may be sent between threads.
pub(crate) type ReadingRound<'a, R> = Pin<Box<dyn Future<Output = Result<Round<R>, Error>> + Send + 'a>>;

/// The buckets of some orders that rows belong to.
pub(crate) struct Outline(Vec<(Order, Vec<Bucket>)>);

impl Outline {
    /// Reads the buckets of the rows: one round trip, and one more where an order is so big that its buckets are
    /// located one by one.
    async fn read<R: BulkRow>(index: IndexReader<'_>, orders: Vec<Order>, rows: &[(usize, R)]) -> Result<Self, Error> {
        let mut keys = vec![BTreeSet::new(); orders.len()];
        for (order, key, _) in rows.iter().flat_map(|(_, row)| row.counted_entries()) {
            if let Some(keys) = keys.get_mut(order) {
                keys.insert(key);
            }
        }
        let keys: Vec<Vec<&str>> = keys.into_iter().map(|keys| keys.into_iter().collect()).collect();
        let reads: Vec<_> = orders.iter().zip(&keys).map(|(order, keys)| index.buckets_of_keys(order, keys)).collect();
        let buckets = try_join_all(reads).await?;
        Ok(Self(orders.into_iter().zip(buckets).collect()))
    }

    /// Returns the place of the bucket that a key belongs to.
    fn place(&self, order: usize, key: &str) -> Result<usize, Error> {
        let place = self.0.get(order).and_then(|(_, buckets)| holder(buckets, key));
        place.ok_or_else(|| Error::Internal("an index has no first bucket".into()))
    }

    /// Returns the place of the bucket that a key belongs to, and the lower bound of its parent.
    fn bucket_and_parent(&self, order: usize, key: &str) -> Result<(usize, Option<String>), Error> {
        let parent = self.bucket(order, key).and_then(|(_, bucket)| bucket.parent());
        Ok((self.place(order, key)?, parent.map(str::to_owned)))
    }

    fn bucket(&self, order: usize, key: &str) -> Option<(&Order, &Bucket)> {
        let (order, buckets) = self.0.get(order)?;
        Some((order, buckets.get(holder(buckets, key)?)?))
    }

    /// Adds to a bucket's count what the table has added. Returns whether that made it be split.
    fn add_entries(&mut self, order: usize, bucket: usize, change: i64) -> bool {
        let Some(bucket) = self.0.get_mut(order).and_then(|(_, buckets)| buckets.get_mut(bucket)) else { return false };
        bucket.entries = bucket.entries.saturating_add_signed(change);
        bucket.entries > MAX_BUCKET_ENTRIES
    }
}

/// The changes of one transaction's entries, whose buckets are known. An order is named by its place.
pub(crate) struct CountedChanges<'a> {
    outline: &'a Outline,
    changes: IndexChanges,
}

impl CountedChanges<'_> {
    /// Inserts an entry, which must not exist yet.
    pub(crate) fn insert(&mut self, order: usize, key: &str, record: &impl Serialize) {
        if let Some((order, bucket)) = self.outline.bucket(order, key) {
            self.changes.insert(order, bucket, key, record);
        }
    }

    /// Replaces what an entry holds, which must exist and meet the condition.
    pub(crate) fn replace(&mut self, order: usize, key: &str, record: &impl Serialize, condition: Expression) {
        if let Some((order, _)) = self.outline.0.get(order) {
            self.changes.replace(order, key, record, condition);
        }
    }

    /// Removes an entry, which must exist and meet the condition.
    pub(crate) fn remove(&mut self, order: usize, key: &str, condition: Expression) {
        if let Some((order, bucket)) = self.outline.bucket(order, key) {
            self.changes.remove(order, bucket, key, condition);
        }
    }

    /// Changes a person's row. The orders by address and by user are at these places.
    pub(crate) fn change_member(&mut self, places: [usize; 2], change: &RowChange<'_>) {
        for (place, order) in places.into_iter().zip(MemberOrder::BOTH) {
            let (keys, outline) = (change.keys(order), self.outline);
            let bucket = |key: Option<&str>| Some(outline.bucket(place, key?)?.1);
            if let Some((index, _)) = outline.0.get(place) {
                let (left, entered) = (bucket(keys.left.as_deref()), bucket(keys.entered.as_deref()));
                change.add_to(&mut self.changes, order, index, left, entered);
            }
        }
    }

    /// Updates an entry, which must exist and meet the condition.
    pub(crate) fn update(&mut self, order: usize, key: &str, change: Expression) {
        if let Some((order, _)) = self.outline.0.get(order) {
            self.changes.update(order, key, change);
        }
    }
}

/// An item that the transactions of several rows change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SharedItem {
    /// A bucket, by the place of its order and its own.
    Bucket(usize, usize),
    /// The counter of this name.
    Counter(String),
    /// A bucket's parent, by the place of its order and its lower bound.
    Parent(usize, String),
}

/// Rows that go into one transaction: where they are among those of the round, and what they share with others.
#[derive(Default)]
struct Batch {
    rows: Vec<usize>,
    shared: BTreeSet<SharedItem>,
}

/// What a round leaves.
#[derive(Default)]
struct Left {
    /// Rows of buckets that were split meanwhile.
    to_read_again: Vec<usize>,
    /// Rows of transactions of which something was changed by others.
    in_conflict: Vec<usize>,
    /// The most rows of such a transaction.
    conflict_size: usize,
    written: usize,
}

/// Writes the rows at the places below `count`. Whatever time doesn't suffice for is left as it is.
///
/// # Errors
/// The caller's role doesn't hold, or the table is out of reach and nothing was written.
pub(crate) async fn write_rows<W: BulkWork>(
    scope: &OrganizationScope<'_>,
    work: &mut W,
    count: usize,
) -> Result<(), Error> {
    let time = time_left().map_or(Duration::MAX, |left| left.saturating_sub(ANSWER_TIME));
    let mut written = 0;
    // The futures are as large as what they hold at most: on the heap, they don't fill the stack of the call.
    let rounds = Box::pin(rounds(scope, work, (0..count).collect(), &mut written));
    match timeout(time, rounds).await {
        // What was written is answered, and the caller sends the rest again.
        Ok(Err(Error::Unavailable(cause))) if written > 0 => {
            tracing::warn!(cause, "rows of an import were left");
            Ok(())
        }
        Ok(done) => done,
        Err(_) if written > 0 => Ok(()),
        Err(_) => Err(Error::Unavailable("no row of an import was written in time".to_owned())),
    }
}

async fn rounds<W: BulkWork>(
    scope: &OrganizationScope<'_>,
    work: &mut W,
    mut waiting: VecDeque<usize>,
    written: &mut usize,
) -> Result<(), Error> {
    let (mut backoff, mut conflicts, mut max_rows) = (Backoff::default(), Left::default(), usize::MAX);
    loop {
        if waiting.is_empty() {
            if conflicts.in_conflict.is_empty() {
                return Ok(());
            }
            backoff.wait_or_give_up("the rows of an import are being changed by others").await?;
            max_rows = (conflicts.conflict_size / 2).max(1);
            waiting = take(&mut conflicts).in_conflict.into();
        }
        let now: Vec<_> = waiting.drain(..waiting.len().min(ROUND_ROWS)).collect();
        let (round, held) = scope.checked_to_write(|reads| work.read(reads, &now)).await?;
        let left = Box::pin(write_round(work, held, round, max_rows, written)).await?;
        if left.written > 0 {
            backoff = Backoff::default();
        }
        waiting.extend(left.to_read_again);
        conflicts.in_conflict.extend(left.in_conflict);
        conflicts.conflict_size = conflicts.conflict_size.max(left.conflict_size);
    }
}

async fn write_round<W: BulkWork>(
    work: &mut W,
    held: RoleHeld<'_>,
    round: Round<W::Row>,
    max_rows: usize,
    written: &mut usize,
) -> Result<Left, Error> {
    let Round { orders, rows } = round;
    if rows.is_empty() {
        return Ok(Left::default());
    }
    let mut outline = Outline::read(*held.indexes(), orders, &rows).await?;
    let (mut left, mut split) = (Left::default(), BTreeSet::new());
    let mut batches = batches(&rows, |order, key| outline.bucket_and_parent(order, key), max_rows)?;
    while !batches.is_empty() {
        let (mut wave, mut busy, mut later) = (Vec::new(), BTreeSet::new(), Vec::new());
        for batch in batches {
            if !batch.shared.is_disjoint(&split) {
                left.to_read_again.extend(batch.rows.iter().filter_map(|row| Some(rows.get(*row)?.0)));
            } else if wave.len() < MAX_PARALLEL && batch.shared.is_disjoint(&busy) {
                busy.extend(batch.shared.iter().cloned());
                wave.push(batch);
            } else {
                later.push(batch);
            }
        }
        let commits = wave.iter().map(|batch| {
            let of_batch: Vec<_> = batch.rows.iter().filter_map(|row| rows.get(*row)).map(|(_, row)| row).collect();
            let mut changes = CountedChanges { outline: &outline, changes: IndexChanges::default() };
            let write = W::Row::add(&of_batch, held.write(), &mut changes);
            Box::pin(write.change_indexes(changes.changes, || Changed).commit(()))
        });
        let mut failed = None;
        for (batch, committed) in wave.iter().zip(join_all(commits).await) {
            let of_batch = batch.rows.iter().filter_map(|row| rows.get(*row));
            match committed {
                Ok(Committed::Done(_)) => {
                    left.written += batch.rows.len();
                    *written += batch.rows.len();
                    for (place, row) in of_batch {
                        work.note_written(*place);
                        for (order, key, change) in row.counted_entries() {
                            let bucket = outline.place(order, key)?;
                            if outline.add_entries(order, bucket, change) {
                                split.insert(SharedItem::Bucket(order, bucket));
                            }
                        }
                    }
                }
                Ok(Committed::Refused(_)) => {
                    left.conflict_size = left.conflict_size.max(batch.rows.len());
                    left.in_conflict.extend(of_batch.map(|(place, _)| *place));
                }
                Err(error) => failed = Some(error),
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        batches = later;
    }
    Ok(left)
}

/// Puts rows together that share buckets, as many as one transaction takes, and `max_rows` at most. `bucket_of` returns
/// the place of a key's bucket.
fn batches<R: BulkRow>(
    rows: &[(usize, R)],
    bucket_of: impl Fn(usize, &str) -> Result<(usize, Option<String>), Error>,
    max_rows: usize,
) -> Result<Vec<Batch>, Error> {
    let mut sorted = Vec::new();
    for (index, (_, row)) in rows.iter().enumerate() {
        let mut shared: BTreeSet<_> = row.counters().into_iter().map(SharedItem::Counter).collect();
        for (order, key, _) in row.counted_entries() {
            let (bucket, parent) = bucket_of(order, key)?;
            shared.insert(SharedItem::Bucket(order, bucket));
            shared.extend(parent.map(|parent| SharedItem::Parent(order, parent)));
        }
        sorted.push((shared, index));
    }
    sorted.sort();
    let (mut batches, mut batch, mut own_actions) = (Vec::new(), Batch::default(), 0);
    for (shared, index) in sorted {
        let own = rows.get(index).map_or(0, |(_, row)| row.own_actions());
        let actions = own_actions + own + batch.shared.union(&shared).count();
        if !batch.rows.is_empty() && (actions > MAX_ACTIONS || batch.rows.len() >= max_rows) {
            batches.push(take(&mut batch));
            own_actions = 0;
        }
        own_actions += own;
        batch.rows.push(index);
        batch.shared.extend(shared);
    }
    if !batch.rows.is_empty() {
        batches.push(batch);
    }
    Ok(batches)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of so many items of its own, in some buckets of one order.
    struct Thing(usize, Vec<&'static str>);

    impl BulkRow for Thing {
        fn own_actions(&self) -> usize {
            self.0
        }

        fn counted_entries(&self) -> Vec<(usize, &str, i64)> {
            self.1.iter().map(|key| (0, *key, 1)).collect()
        }

        fn add<'t>(_: &[&Self], write: BulkWrite<'t>, _: &mut CountedChanges<'_>) -> BulkWrite<'t> {
            write
        }
    }

    /// The places of the rows of each transaction.
    fn batched(rows: Vec<Thing>, max_rows: usize) -> Vec<Vec<usize>> {
        let rows: Vec<_> = rows.into_iter().enumerate().collect();
        let bucket_of = |_, key: &str| Ok((usize::from(key.as_bytes()[0] - b'a'), None));
        batches(&rows, bucket_of, max_rows).unwrap().into_iter().map(|batch| batch.rows).collect()
    }

    #[test]
    fn rows_of_one_bucket_are_written_together() {
        let rows = ["a", "b", "a1", "b1", "c"].map(|key| Thing(30, vec![key]));
        assert_eq!(batched(rows.into(), usize::MAX), [[0, 2, 1].to_vec(), [3, 4].to_vec()]);
    }

    #[test]
    fn a_transaction_has_a_hundred_actions_with_each_bucket_counted_once() {
        let rows = (0..40).map(|_| Thing(3, vec!["a"])).collect();
        let sizes: Vec<_> = batched(rows, usize::MAX).iter().map(Vec::len).collect();
        assert_eq!(sizes, [33, 7]);
        let rows = (0..4).map(|_| Thing(24, vec!["a", "b", "c"])).collect();
        assert_eq!(batched(rows, usize::MAX).len(), 1, "96 and 3");
        let rows = (0..4).map(|_| Thing(25, vec!["a"])).collect();
        assert_eq!(batched(rows, usize::MAX).len(), 2, "100 and 1");
    }

    #[test]
    fn rows_that_met_others_go_in_smaller_transactions() {
        let rows = || (0..5).map(|_| Thing(3, vec!["a"])).collect();
        assert_eq!(batched(rows(), 2).iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
        assert_eq!(batched(rows(), 1).len(), 5);
    }
}
