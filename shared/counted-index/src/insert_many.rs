use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use serde::Serialize;

use dynamo::{Backoff, Error, Item, to_item};

use crate::{Bucket, CountedIndex, Order, Outcome, bucket::BucketRecord, keys};

/// Actions of a transaction.
const MOST_ACTIONS: usize = 100;

/// A row to index: its key in each order, and its record.
#[derive(Clone, Debug)]
pub struct Row<T> {
    /// One key for each order, in the same sequence as the orders.
    pub keys: Vec<String>,
    /// The record that each entry holds.
    pub record: T,
    /// Another new item that is written with the row.
    pub with_item: Option<Item>,
}

impl Order {
    /// The items of these entries, sorted by key, and of buckets of so many each: the whole of a new order.
    pub fn bulk_items<T: Serialize>(
        self,
        entries: Vec<(String, T)>,
        bucket: usize,
    ) -> impl Iterator<Item = Result<Item, Error>> {
        let buckets: Vec<_> = entries
            .chunks(bucket)
            .enumerate()
            .map(|(place, entries)| {
                // The first bucket covers every key below.
                let lower = if place == 0 { "" } else { entries.first().map_or("", |(key, _)| key.as_str()) };
                let record = BucketRecord::new(u64::try_from(entries.len()).unwrap_or(u64::MAX));
                to_item(keys::bucket(&self.partition, lower), "bucket", &record)
            })
            .collect();
        let entry = move |(key, record): (String, T)| to_item(keys::entry(&self.partition, &key), self.entity, &record);
        buckets.into_iter().chain(entries.into_iter().map(entry))
    }
}

impl CountedIndex<'_> {
    /// Inserts rows, none of which may exist yet. Each transaction takes as many rows as fit: rows of one bucket share
    /// its count. After an error, the rows of the transactions before it stay.
    ///
    /// # Errors
    /// A row exists already, or the table is out of reach.
    pub async fn insert_many<T: Serialize>(self, orders: &[Order], mut rows: Vec<Row<T>>) -> Result<(), Error> {
        rows.sort_by(|one, other| one.keys.cmp(&other.keys));
        let mut backoff = Backoff::default();
        let mut rows = rows.as_slice();
        let mut buckets = self.all_buckets(orders).await?;
        while !rows.is_empty() {
            let located = fill(orders, &buckets, rows)?;
            let (now, later) = rows.split_at(located.len());
            let mut write = self.write();
            for (row, places) in now.iter().zip(&located) {
                for (((order, key), buckets), place) in orders.iter().zip(&row.keys).zip(&buckets).zip(places) {
                    write = write.insert(order, &buckets[*place], key, &row.record);
                }
                if let Some(item) = &row.with_item {
                    write = write.with(|transaction| transaction.put_new_item(item.clone(), ()));
                }
            }
            match write.commit().await? {
                Outcome::Done => {
                    // Counts are updated locally. After a split the bucket ranges have changed, so all buckets are read
                    // again.
                    let mut split = false;
                    for places in located {
                        for (buckets, place) in buckets.iter_mut().zip(places) {
                            buckets[place].entries += 1;
                            split |= buckets[place].entries > self.limit;
                        }
                    }
                    if split {
                        buckets = self.all_buckets(orders).await?;
                    }
                    (rows, backoff) = (later, Backoff::default());
                }
                Outcome::Conflict => {
                    backoff.wait_or_give_up("rows exist already, or their buckets are being changed by others").await?;
                    buckets = self.all_buckets(orders).await?;
                }
            }
        }
        Ok(())
    }

    async fn all_buckets(self, orders: &[Order]) -> Result<Vec<Vec<Bucket>>, Error> {
        try_join_all(orders.iter().map(|order| self.buckets(order))).await
    }
}

/// For each of the first rows that fit into one transaction, the position of its bucket in each order.
fn fill<T>(orders: &[Order], buckets: &[Vec<Bucket>], rows: &[Row<T>]) -> Result<Vec<Vec<usize>>, Error> {
    let (mut met, mut located, mut actions) = (BTreeSet::new(), Vec::new(), 0);
    for row in rows {
        let places: Option<Vec<_>> = row.keys.iter().zip(buckets).map(|(key, buckets)| holder(buckets, key)).collect();
        let places = places.ok_or_else(|| Error::Internal("an index has no first bucket".into()))?;
        actions += orders.len() + usize::from(row.with_item.is_some());
        met.extend(places.iter().copied().enumerate());
        if actions + met.len() > MOST_ACTIONS {
            break;
        }
        located.push(places);
    }
    Ok(located)
}

/// The position of the bucket that a key belongs to.
fn holder(buckets: &[Bucket], key: &str) -> Option<usize> {
    buckets.partition_point(|bucket| bucket.lower.as_str() <= key).checked_sub(1)
}
