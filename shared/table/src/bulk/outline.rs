//! The buckets that the rows of a round belong to, and what a transaction changes in them.

use std::collections::BTreeSet;

use counted_index::{Bucket, IndexChanges, IndexReader, MAX_BUCKET_ENTRIES, Order, holder};
use dynamo::Expression;
use futures_util::future::try_join_all;
use serde::Serialize;

use super::BulkRow;
use crate::{
    Error,
    members::{MemberOrder, RowChange},
};

/// The buckets of some orders that rows belong to.
pub(super) struct Outline(Vec<(Order, Vec<Bucket>)>);

impl Outline {
    /// Reads the buckets of the rows: one round trip, and one more where an order is so big that its buckets are
    /// located one by one.
    pub(super) async fn read<R: BulkRow>(
        index: IndexReader<'_>,
        orders: Vec<Order>,
        rows: &[(usize, R)],
    ) -> Result<Self, Error> {
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
    pub(super) fn place(&self, order: usize, key: &str) -> Result<usize, Error> {
        let place = self.0.get(order).and_then(|(_, buckets)| holder(buckets, key));
        place.ok_or_else(|| Error::Internal("an index has no first bucket".into()))
    }

    /// Returns the place of the bucket that a key belongs to, and the lower bound of its parent.
    pub(super) fn bucket_and_parent(&self, order: usize, key: &str) -> Result<(usize, Option<String>), Error> {
        let parent = self.bucket(order, key).and_then(|(_, bucket)| bucket.parent());
        Ok((self.place(order, key)?, parent.map(str::to_owned)))
    }

    fn bucket(&self, order: usize, key: &str) -> Option<(&Order, &Bucket)> {
        let (order, buckets) = self.0.get(order)?;
        Some((order, buckets.get(holder(buckets, key)?)?))
    }

    /// Adds to a bucket's count what the table has added. Returns whether that made it be split.
    pub(super) fn add_entries(&mut self, order: usize, bucket: usize, change: i64) -> bool {
        let Some(bucket) = self.0.get_mut(order).and_then(|(_, buckets)| buckets.get_mut(bucket)) else { return false };
        bucket.entries = bucket.entries.saturating_add_signed(change);
        bucket.entries > MAX_BUCKET_ENTRIES
    }
}

/// The changes of one transaction's entries, whose buckets are known. An order is named by its place.
pub(crate) struct CountedChanges<'a> {
    pub(super) outline: &'a Outline,
    pub(super) changes: IndexChanges,
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
