//! Splits a bucket in four steps. Counts stay right if the process ends after any of them.
//!
//! 1. Raise the *fence*: a new epoch, and the time until which writers wait. Writers that saw the old epoch are
//!    refused.
//! 2. Read the keys, until there are as many as the bucket's count: a Query may see half of a transaction that commits.
//! 3. In one transaction, on condition of the fence's epoch, put the new bucket at the median key, lower the old
//!    bucket's count and change its epoch. The fence stays up, because a Query may see half of this transaction too.
//! 4. Lower the fence, which changes the epoch again.
//!
//! A writer may take over an expired fence, which changes the epoch. Step 3 of the old splitter then fails its
//! condition. If step 3 commits first, the take-over fails. A reader that finds a fence counts the entries behind it by
//! reading.

use std::time::Duration;

use rand::random_range;
use tokio::time::sleep;

use domain::ids;
use dynamo::{Error, Expression, Refused, Transaction, number, text};

use crate::{
    CountedIndex, KeyRange, Order,
    bucket::{Bucket, BucketRecord, from_now, new_epoch, now},
    keys,
};

/// Reads of the keys, at most, until there are as many as the count says.
const READS: u32 = 8;

impl CountedIndex<'_> {
    /// Splits a bucket until every part is within the limit. Does nothing if it already is, or if another caller splits
    /// it.
    pub(super) async fn split(self, order: &Order, lower: &str) -> Result<(), Error> {
        let mut waiting = vec![lower.to_owned()];
        while let Some(lower) = waiting.pop() {
            let Some(fenced) = self.raise_fence(order, &lower).await? else { continue };
            let halves = self.halve(order, &fenced).await?;
            waiting.extend(halves.into_iter().filter(|(_, entries)| *entries > self.limit).map(|(lower, _)| lower));
        }
        Ok(())
    }

    async fn raise_fence(self, order: &Order, lower: &str) -> Result<Option<Bucket>, Error> {
        let expression = Expression::update("SET epoch = :epoch, fenced_until = :until, fenced_by = :me")
            // A retry after a lost answer matches `fenced_by` and gets the fence that it already raised.
            .and_condition(
                "entries > :limit AND (attribute_not_exists(fenced_until) OR fenced_until < :now OR fenced_by = :me)",
            )
            .value(":epoch", text(&new_epoch()))
            .value(":until", number(from_now(self.fence)))
            .value(":now", number(now()))
            .value(":me", text(&ids::random_id(12)))
            .value(":limit", number(self.limit));
        let bucket = self.table.update(keys::bucket(&order.partition, lower), &expression).await?;
        bucket.map(Bucket::of).transpose()
    }

    /// Moves the upper half of a fenced bucket into a new one. Returns the lower bound and the entries of each half, or
    /// nothing if another writer took over the fence.
    async fn halve(self, order: &Order, fenced: &Bucket) -> Result<Vec<(String, u64)>, Error> {
        let old = keys::bucket(&order.partition, &fenced.lower);
        let Some(keys) = self.keys_of(order, fenced).await? else {
            self.table.update(old, &fenced.as_seen(fence_down())).await?;
            return Err(Error::Internal("a bucket's count is not the number of its entries".into()));
        };
        let (left, right) = keys.split_at(keys.len() / 2);
        let Some(median) = right.first().filter(|_| !left.is_empty()) else { return Ok(Vec::new()) };
        let count = |keys: &[String]| u64::try_from(keys.len()).unwrap_or(u64::MAX);
        let epoch = new_epoch();
        let smaller = Expression::update("SET entries = :left, epoch = :next, fenced_until = :until")
            .value(":left", number(count(left)))
            .value(":next", text(&epoch))
            .value(":until", number(from_now(self.fence)));
        let new = keys::bucket(&order.partition, median);
        let split = Transaction::new(self.table)
            .update(old.clone(), &fenced.as_seen(smaller), ())
            .put_new(new, "bucket", &BucketRecord::new(count(right)), ())
            .commit()
            .await;
        match split {
            Ok(()) => {}
            Err(Refused::Conditions(_)) => return Ok(Vec::new()),
            Err(Refused::Failed(error)) => return Err(error),
        }
        let split = fence_down().and_condition("epoch = :epoch").value(":epoch", text(&epoch));
        self.table.update(old, &split).await?;
        Ok(vec![(fenced.lower.clone(), count(left)), (median.clone(), count(right))])
    }

    /// The keys in a fenced bucket, or `None` if repeated reads never find as many as its count.
    async fn keys_of(self, order: &Order, bucket: &Bucket) -> Result<Option<Vec<String>>, Error> {
        for attempt in 0..READS {
            let next = self.next_lower(order, &bucket.lower).await?;
            let keys = self.keys_in(order, &KeyRange::new(bucket.lower.clone(), next)).await?;
            if u64::try_from(keys.len()) == Ok(bucket.entries) {
                return Ok(Some(keys));
            }
            sleep(random_range(Duration::ZERO..Duration::from_millis(10 << attempt))).await;
        }
        Ok(None)
    }

    /// Deletes a bucket if it is still empty. The bucket to its left then covers its keys. The first bucket always
    /// stays.
    pub(super) async fn delete_if_empty(self, order: &Order, lower: &str) -> Result<(), Error> {
        let empty =
            Expression::condition("entries = :none AND attribute_not_exists(fenced_until)").value(":none", number(0));
        self.table.delete(keys::bucket(&order.partition, lower), &empty).await
    }
}

fn fence_down() -> Expression {
    Expression::update("SET epoch = :lowered REMOVE fenced_until, fenced_by").value(":lowered", text(&new_epoch()))
}
