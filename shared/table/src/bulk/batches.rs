//! Which rows go into one transaction.

use std::{collections::BTreeSet, mem::take};

use super::BulkRow;
use crate::Error;

/// Actions that one `TransactWriteItems` accepts.
const MAX_ACTIONS: usize = 100;

/// An item that the transactions of several rows change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SharedItem {
    /// A bucket, by the place of its order and its own.
    Bucket(usize, usize),
    /// The counter of this name.
    Counter(String),
    /// A bucket's parent, by the place of its order and its lower bound.
    Parent(usize, String),
}

/// Rows that go into one transaction: where they are among those of the round, and what they share with others.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) rows: Vec<usize>,
    pub(super) shared: BTreeSet<SharedItem>,
}

/// Puts rows together that share buckets, as many as one transaction takes, and `max_rows` at most. `bucket_of` returns
/// the place of a key's bucket.
pub(super) fn batches<R: BulkRow>(
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
mod tests;
