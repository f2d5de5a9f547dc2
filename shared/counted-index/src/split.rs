//! Splitting a bucket, in steps of which each may be the last that is taken.
//!
//! 1. *Fence* it: another epoch, and a time until which writers wait. Writers who saw the old epoch are refused.
//! 2. Read its keys: as many as its count says, or read again, since a Query may see half of a transaction that commits.
//! 3. One transaction on condition of the fence's epoch: the new bucket from the median key on, the old one's count
//!    lowered, and another epoch. The fence stays up: a Query may see half of this transaction too, the smaller bucket
//!    without the new one.
//! 4. Lower the fence, with yet another epoch.
//!
//! A writer who finds a fence that ran out takes it over with another epoch, after which step 3 is refused; one who meant to
//! when step 3 came is refused himself. A reader who finds a fence counts what is behind it by reading. So counts are right
//! wherever this stops.

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

/// How often the keys are read again until they are as many as the count.
const READS: u32 = 8;

impl CountedIndex<'_> {
    /// Splits a bucket until none of its parts is too big. Does nothing where it isn't, or where somebody else is at it.
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
            // Whoever asks again because the answer was lost finds his own fence.
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

    /// Moves the upper half of a fenced bucket into a new one. Where each half begins, and its entries; none where the fence
    /// was taken over meanwhile.
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

    /// The keys in a fenced bucket; `None` where they don't become as many as its count.
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

    /// Deletes a bucket that is still empty; the range to its left then reaches over its keys. The first bucket stays.
    pub(super) async fn delete_if_empty(self, order: &Order, lower: &str) -> Result<(), Error> {
        let empty =
            Expression::condition("entries = :none AND attribute_not_exists(fenced_until)").value(":none", number(0));
        self.table.delete(keys::bucket(&order.partition, lower), &empty).await
    }
}

fn fence_down() -> Expression {
    Expression::update("SET epoch = :lowered REMOVE fenced_until, fenced_by").value(":lowered", text(&new_epoch()))
}
