//! Splits a bucket in four steps. Every count stays right if the process ends after any of them.
//!
//! 1. Raise the *fence*: store a new epoch, and the time until which writers must wait. A write that was prepared under
//!    the old epoch now fails its condition.
//! 2. Read the bucket's keys until there are as many as its count. One Query is not enough, because it may see only
//!    half of a write that commits at that moment.
//! 3. In one transaction, on condition of the fence's epoch: put the new bucket at the median, lower the old bucket's
//!    count, and change its epoch. The new bucket has the same parent, whose count stays. The fence stays up.
//! 4. Remove the fence and change the epoch again.
//!
//! *A splitter may be too slow.* Once the fence has expired, any writer may take it over, which changes the epoch:
//!
//! | Splitter | Writer | Old bucket |
//! |---|---|---|
//! | raises the fence and reads 129 keys | | 129 entries, epoch 2, fenced |
//! | is paused until the fence has expired | | |
//! | | inserts an entry, and removes the fence | 130 entries, epoch 3 |
//! | step 3 requires epoch 2, and fails | | 130 entries, epoch 3 |
//!
//! Without the new epoch, step 3 would store 64 and 65, and the writer's entry would be in neither count. If step 3
//! commits first, the epoch is new as well, and the writer's condition fails instead.
//!
//! *A reader may see half of step 3,* because a Query is not isolated from a transaction. It may return the old bucket
//! with 64 entries, but not yet the new one with 65. A page would then lose half of the bucket. The fence is still
//! up, so the reader knows that it must count these entries by reading them.

use std::time::Duration;

use rand::random_range;
use tokio::time::sleep;

use domain::ids;
use dynamo::{Error, Expression, Refused, Transaction, number, text};

use crate::{
    CountedIndex, KeyRange, Order,
    bucket::{Bucket, BucketRecord, millis_from_now, new_epoch, now_millis, put_new_item},
    keys,
};

/// Attempts to read as many keys as the count says.
const MAX_KEY_READS: u32 = 8;

impl CountedIndex<'_> {
    /// Splits a bucket until every part is within the limit. Does nothing if the bucket already is, or if another
    /// caller is splitting it. Returns whether there are more buckets now.
    pub(super) async fn split(self, order: &Order, lower: &str) -> Result<bool, Error> {
        let (mut waiting, mut split) = (vec![lower.to_owned()], false);
        while let Some(lower) = waiting.pop() {
            let Some(fenced) = self.raise_fence(order, &lower, Some(self.max_entries)).await? else { continue };
            let halves = self.halve(order, &fenced).await?;
            split |= !halves.is_empty();
            waiting
                .extend(halves.into_iter().filter(|(_, entries)| *entries > self.max_entries).map(|(lower, _)| lower));
        }
        Ok(split)
    }

    /// Raises the fence, of a bucket with more than `limit` entries if there is a limit. Returns the fenced bucket, or
    /// `None` if the bucket has no more, or another caller's fence is still up.
    pub(super) async fn raise_fence(
        self,
        order: &Order,
        lower: &str,
        limit: Option<u64>,
    ) -> Result<Option<Bucket>, Error> {
        let mut expression = Expression::update("SET epoch = :epoch, fenced_until = :until, fenced_by = :me")
            // The SDK sends the update again if the answer was lost. `fenced_by` lets the second one pass; otherwise
            // the splitter would find its own fence, and leave it up until it expires.
            .and_condition("attribute_not_exists(fenced_until) OR fenced_until < :now OR fenced_by = :me")
            .value(":epoch", text(&new_epoch()))
            .value(":until", number(millis_from_now(self.fence_lifetime)))
            .value(":now", number(now_millis()))
            .value(":me", text(&ids::random_id(12)));
        if let Some(limit) = limit {
            expression = expression.and(Expression::condition("entries > :limit").value(":limit", number(limit)));
        }
        let bucket = self.table.update(keys::bucket(&order.partition, lower), &expression).await?;
        bucket.map(Bucket::of).transpose()
    }

    /// Moves the upper half of a fenced bucket into a new one: steps 2 to 4. Returns the lower bound and the entries of
    /// each half, or nothing if another writer took over the fence.
    async fn halve(self, order: &Order, fenced: &Bucket) -> Result<Vec<(String, u64)>, Error> {
        let old = keys::bucket(&order.partition, &fenced.lower);
        let Some(keys) = self.keys_of(order, fenced).await? else {
            if !fenced.is_fenced() {
                return Ok(Vec::new());
            }
            self.table.update(old, &fenced.require_epoch(remove_fence())).await?;
            return Err(Error::Internal("a bucket's count is not the number of its entries".into()));
        };
        let (left, right) = keys.split_at(keys.len() / 2);
        let (Some(last), Some(first)) = (left.last(), right.first()) else { return Ok(Vec::new()) };
        let median = keys::separator(last, first);
        let count = |keys: &[String]| u64::try_from(keys.len()).unwrap_or(u64::MAX);
        let epoch = new_epoch();
        let smaller = Expression::update("SET entries = :left, epoch = :next, fenced_until = :until")
            .value(":left", number(count(left)))
            .value(":next", text(&epoch))
            .value(":until", number(millis_from_now(self.fence_lifetime)));
        let new = BucketRecord::new(count(right), fenced.parent.clone()).item(order, &median);
        let split = Transaction::new(self.table).unasked().update(old.clone(), &fenced.require_epoch(smaller), ());
        match put_new_item(split, new, ()).commit().await {
            Ok(()) => {}
            Err(Refused::Conditions(_)) => return Ok(Vec::new()),
            Err(Refused::Failed(error)) => return Err(error),
        }
        let lower_fence = remove_fence().and_condition("epoch = :epoch").value(":epoch", text(&epoch));
        self.table.update(old, &lower_fence).await?;
        Ok(vec![(fenced.lower.clone(), count(left)), (median, count(right))])
    }

    /// Returns the keys in a fenced bucket, or `None` if repeated reads don't find as many as its count before the
    /// fence has expired. Another writer may then have taken it over, and the count will never be the one that was
    /// fenced.
    async fn keys_of(self, order: &Order, bucket: &Bucket) -> Result<Option<Vec<String>>, Error> {
        for attempt in 0..MAX_KEY_READS {
            let next = self.next_lower(order, &bucket.lower).await?;
            let keys = self.keys_in(order, &KeyRange::new(bucket.lower.clone(), next)).await?;
            if u64::try_from(keys.len()) == Ok(bucket.entries) {
                return Ok(Some(keys));
            }
            if !bucket.is_fenced() {
                break;
            }
            sleep(random_range(Duration::ZERO..Duration::from_millis(10 << attempt))).await;
        }
        Ok(None)
    }

    /// Deletes a bucket if it is still empty and not fenced, and a parent doesn't begin with it. The bucket to its left
    /// then covers its keys. Must not be called for the first bucket, because nothing would cover the lowest keys.
    pub(super) async fn delete_if_empty(self, order: &Order, lower: &str) -> Result<(), Error> {
        let empty = Expression::condition(
            "entries = :none AND attribute_not_exists(fenced_until) AND (attribute_not_exists(parent) OR parent <> :lower)",
        );
        let empty = empty.value(":none", number(0)).value(":lower", text(lower));
        self.table.delete(keys::bucket(&order.partition, lower), &empty).await
    }
}

fn remove_fence() -> Expression {
    Expression::update("SET epoch = :lowered REMOVE fenced_until, fenced_by").value(":lowered", text(&new_epoch()))
}
