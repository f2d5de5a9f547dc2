//! Mends an index while calls go on.
//!
//! A bucket's count is replaced behind its fence, as a split does it, so that no write commits between the count and
//! what counts it. Parents are taken away as a whole and made anew: readers read buckets meanwhile.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::sleep;

use dynamo::{Backoff, Error, Expression, Refused, Transaction, number, text};

use crate::{
    Bucket, CountedIndex, KeyRange, Order,
    bucket::{BucketRecord, new_epoch, put_new_item},
    keys,
    parent::{dissolving_mark, is_dissolving},
    verify::range_of,
};

/// Times that a bucket's count is compared with its entries before it is said to be wrong, since writes commit between
/// the two reads.
const COMPARISONS: u32 = 5;
/// Buckets that are compared, or taken from their parents, concurrently.
const MAX_CONCURRENT_BUCKETS: usize = 16;

/// What a rebuild mended in one order of an index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Whether the first bucket was missing.
    pub first_bucket: bool,
    /// Buckets whose counts were wrong.
    pub buckets: u64,
    /// Whether the parents were made anew.
    pub parents: bool,
}

impl CountedIndex<'_> {
    /// Replaces every count that is wrong, makes the first bucket if it is missing, and parents anew if one is wrong.
    /// Counts that are right stay so at every moment, and no call fails for it.
    ///
    /// # Errors
    /// The table is out of reach, or others write to a bucket so often that it can't be counted.
    pub async fn rebuild(self, order: &Order) -> Result<Rebuilt, Error> {
        let mut rebuilt = Rebuilt { first_bucket: self.make_first_bucket(order).await?, ..Rebuilt::default() };
        let buckets = self.all_buckets(order).await?;
        let ranges: Vec<_> =
            (0..buckets.len()).map(|index| (buckets[index].lower.clone(), range_of(&buckets, index))).collect();
        let compared = stream::iter(ranges).map(async |(lower, range)| {
            let is_right = self.is_right(order, &lower, range).await?;
            Ok::<_, Error>((!is_right).then_some(lower))
        });
        let wrong: Vec<_> = compared.buffered(MAX_CONCURRENT_BUCKETS).try_collect().await?;
        for lower in wrong.into_iter().flatten() {
            rebuilt.buckets += u64::from(self.recount(order, &lower).await?);
        }
        if !self.parents_are_right(order, self.fence_millis()).await? {
            self.dissolve_parents(order).await?;
            rebuilt.parents = true;
        }
        self.settle(order).await?;
        Ok(rebuilt)
    }

    /// Puts the first bucket if it is missing, with no entries: they are counted next.
    async fn make_first_bucket(self, order: &Order) -> Result<bool, Error> {
        let has_first = |buckets: &[Bucket]| buckets.first().is_some_and(|first| first.lower.is_empty());
        let first = KeyRange::new(String::new(), Some(String::new()));
        if has_first(&self.buckets_within(order, &first).await?) {
            return Ok(false);
        }
        let item = BucketRecord::new(0, None).item(order, "");
        let put = put_new_item(Transaction::new(self.table), item, ());
        match put.commit().await {
            Ok(()) => Ok(true),
            Err(Refused::Conditions(_)) => Ok(false),
            Err(Refused::Failed(error)) => Err(error),
        }
    }

    /// Whether a bucket's count is the number of its entries, at one moment at least.
    async fn is_right(self, order: &Order, lower: &str, mut range: KeyRange) -> Result<bool, Error> {
        for attempt in 0..COMPARISONS {
            let (held, bucket) = tokio::try_join!(self.count_in(order, &range), self.locate(order, lower))?;
            // A bucket that has gone was empty, or right enough to be taken for that.
            if bucket.lower != lower || bucket.entries == held {
                return Ok(true);
            }
            sleep(Duration::from_millis(5 << attempt)).await;
            range.to = self.next_lower(order, lower).await?;
        }
        Ok(false)
    }

    /// Counts a bucket's entries behind its fence. Returns false if the bucket is gone.
    async fn recount(self, order: &Order, lower: &str) -> Result<bool, Error> {
        let mut backoff = Backoff::default();
        loop {
            if let Some(fenced) = self.raise_fence(order, lower, None).await? {
                if let Some(entries) = self.entries_behind_fence(order, &fenced).await? {
                    let count =
                        Expression::update("SET entries = :entries, epoch = :next REMOVE fenced_until, fenced_by")
                            .value(":entries", number(entries))
                            .value(":next", text(&new_epoch()));
                    let key = keys::bucket(&order.partition, lower);
                    if self.table.update(key, &fenced.require_epoch(count)).await?.is_some() {
                        return Ok(true);
                    }
                }
            } else if self.locate(order, lower).await?.lower != lower {
                return Ok(false);
            }
            backoff.wait_or_give_up("a bucket is being changed by others").await?;
        }
    }

    /// Counts the entries of a fenced bucket, twice: a Query may see half of a write that committed just before the
    /// fence.
    async fn entries_behind_fence(self, order: &Order, fenced: &Bucket) -> Result<Option<u64>, Error> {
        let mut last = None;
        while fenced.is_fenced() {
            let range = KeyRange::new(fenced.lower.clone(), self.next_lower(order, &fenced.lower).await?);
            let entries = self.count_in(order, &range).await?;
            if last == Some(entries) {
                return Ok(last);
            }
            last = Some(entries);
            sleep(self.fence_lifetime / 10).await;
        }
        Ok(None)
    }

    /// Takes every parent away. First each gets a mark, by which readers don't use its count and nobody hands buckets
    /// over to it. Then no bucket names one any more, and then they are deleted, the first one last.
    async fn dissolve_parents(self, order: &Order) -> Result<(), Error> {
        let mark = dissolving_mark();
        let mut backoff = Backoff::default();
        loop {
            let parents = self.all_parents(order).await?;
            let is_marked = |mark: &Option<String>| mark.as_deref().is_some_and(is_dissolving);
            for parent in parents.iter().filter(|parent| !is_marked(&parent.unsettled)) {
                let begin = Expression::update("SET unsettled = :mark").value(":mark", text(&mark));
                self.table.update(keys::parent(&order.partition, &parent.lower), &begin).await?;
            }
            let named = self.all_buckets(order).await?.into_iter().filter(|bucket| bucket.parent.is_some());
            let detached = stream::iter(named).map(async |bucket| {
                if !bucket.is_fenced() {
                    let key = keys::bucket(&order.partition, &bucket.lower);
                    self.table.update(key, &bucket.detach()).await?;
                }
                Ok::<_, Error>(())
            });
            let detached: Vec<()> = detached.buffered(MAX_CONCURRENT_BUCKETS).try_collect().await?;
            if detached.is_empty() {
                if parents.is_empty() {
                    return Ok(());
                }
                for parent in parents.iter().rev() {
                    let marked = Expression::condition("begins_with(unsettled, :mark)").value(":mark", text("!"));
                    self.table.delete(keys::parent(&order.partition, &parent.lower), &marked).await?;
                }
            }
            backoff.wait_or_give_up("the buckets are being changed by others").await?;
        }
    }
}
