//! Makes parents, and cuts those in two that have too many buckets. Every count stays right if the process ends after
//! any step, and whoever finds a change that was left goes on with it.
//!
//! A change has a *mark*, which the parents that it is about carry meanwhile: they are unsettled. Each step asks for
//! the mark, so that a slow process does nothing any more once another one has ended its change.
//!
//! An index gets its first parent, which covers every bucket, once it has many buckets:
//!
//! 1. Put the parent, with no entries and the mark.
//! 2. Hand the buckets over: in one transaction, some buckets name the parent, under new epochs and on condition of their
//!    counts, and the parent's count grows by theirs.
//! 3. Remove the mark once each bucket of the range names the parent.
//!
//! A parent with too many buckets is cut:
//!
//! 1. Put the mark on it.
//! 2. In one transaction, put the new parent, hand over the bucket with which it begins, and give both parents another
//!    mark. Whoever knows the old one alone doesn't know the new parent, and can't end the change any more.
//! 3. Hand the other buckets of the new range over, and remove both marks.
//!
//! *Buckets go to the right alone.* Whoever read the parents before the new one was there would else take its first bucket
//! back.
//!
//! *No bucket is missed in the last step.* New buckets come from splits alone, above the one that is split, and name its
//! parent. A Query reads buckets in ascending order, so it sees the new one if it sees the old one as it was after the
//! split. A transaction may be seen half, but the fence is then still up, and such a bucket isn't handed over.
//!
//! *Readers never count a bucket twice or not at all:* they read the buckets of what is unsettled, and of the parent left
//! of it.

use std::{collections::BTreeMap, time::Duration};

use rand::random_range;
use tokio::time::sleep;

use dynamo::{Backoff, Error, Expression, Refused, Transaction, number, text};

use crate::{
    Bucket, CountedIndex, Order,
    bucket::{put_new_item, signed},
    keys,
    outline::Level,
    parent::{
        self, Parent, change_count, holder, is_dissolving, is_left, is_of_two, new_mark, new_mark_of_two, require_mark,
    },
};

/// Buckets that are handed over in one transaction at first: few enough for its 100 actions.
const HANDED_OVER_AT_ONCE: usize = 40;
/// Attempts to hand buckets over that others write to. The pauses between them are up to twenty milliseconds.
const MAX_ATTEMPTS: u32 = 8;

impl CountedIndex<'_> {
    /// Makes the first parent, or cuts the one of this key, where that is due after a split; and goes on with what
    /// others have left.
    pub(super) async fn settle_around(self, order: &Order, key: &str) -> Result<(), Error> {
        let mut mine = None;
        loop {
            let parents = match self.buckets(order).await?.0 {
                Level::Buckets(buckets) if buckets.len() <= self.max_buckets => return Ok(()),
                Level::Buckets(_) => {
                    mine = self.put_first_parent(order).await?;
                    if mine.is_none() {
                        return Ok(());
                    }
                    continue;
                }
                Level::Parents(parents) => parents,
            };
            let is_ours = |mark: &&String| mine.as_ref() == Some(mark) || is_left(mark, self.fence_millis());
            if let Some(mark) = parents.iter().filter_map(|parent| parent.unsettled.as_ref()).find(is_ours) {
                if !self.finish(order, mark).await? {
                    return Ok(());
                }
                continue;
            }
            let Some(index) = holder(&parents, key).filter(|index| parent::is_settled(&parents, *index)) else {
                return Ok(());
            };
            mine = self.cut(order, &parents, index).await?;
            if mine.is_none() {
                return Ok(());
            }
        }
    }

    /// Splits every bucket and cuts every parent that is too big, and ends what others have left, whatever they still
    /// do. Returns whether anything had to be done.
    ///
    /// # Errors
    /// The table is out of reach, or others change the index so often that nothing can be ended.
    pub async fn settle(self, order: &Order) -> Result<bool, Error> {
        let (mut backoff, mut done) = (Backoff::default(), false);
        loop {
            let buckets = self.all_buckets(order).await?;
            let too_big: Vec<_> = buckets.into_iter().filter(|bucket| bucket.entries > self.max_entries).collect();
            if too_big.is_empty() {
                break;
            }
            let mut has_split = false;
            done = true;
            for bucket in too_big {
                has_split |= self.split(order, &bucket.lower).await?;
            }
            if has_split {
                backoff = Backoff::default();
            } else {
                // Another split is under way, or was left with its fence up.
                backoff.wait_or_give_up("the buckets are being changed by others").await?;
            }
        }
        loop {
            let parents = match self.buckets(order).await?.0 {
                Level::Buckets(buckets) if buckets.len() <= self.max_buckets => return Ok(done),
                Level::Buckets(_) => {
                    done = true;
                    self.put_first_parent(order).await?;
                    continue;
                }
                Level::Parents(parents) => parents,
            };
            let unsettled = parents.iter().filter_map(|parent| parent.unsettled.as_ref());
            if let Some(mark) = unsettled.clone().find(|mark| !is_dissolving(mark)) {
                done = true;
                if self.finish(order, mark).await? {
                    backoff = Backoff::default();
                } else {
                    backoff.wait_or_give_up("the buckets are being changed by others").await?;
                }
                continue;
            }
            if unsettled.count() > 0 {
                return Err(Error::Unavailable("a rebuild takes the parents away, or was left doing so".to_owned()));
            }
            let mut has_cut = false;
            for index in (0..parents.len()).rev() {
                if self.cut(order, &parents, index).await?.is_some() {
                    (has_cut, done) = (true, true);
                    break;
                }
            }
            if !has_cut {
                return Ok(done);
            }
        }
    }

    /// The time after which a change that hasn't ended counts as left, in milliseconds.
    pub(super) fn fence_millis(self) -> u64 {
        u64::try_from(self.fence_lifetime.as_millis()).unwrap_or(u64::MAX)
    }

    /// Puts the first parent. Returns the mark, or `None` if there is one already.
    async fn put_first_parent(self, order: &Order) -> Result<Option<String>, Error> {
        let mark = new_mark();
        let first = Parent { lower: String::new(), entries: 0, unsettled: Some(mark.clone()) };
        let put = put_new_item(Transaction::new(self.table).unasked(), first.item(order), ());
        Ok(committed(put.commit().await)?.then_some(mark))
    }

    /// Begins to cut the parent at `index` in two, if it has too many buckets: steps 1 and 2. Returns the mark, or
    /// `None` if it need not be cut, or others change it.
    async fn cut(self, order: &Order, parents: &[Parent], index: usize) -> Result<Option<String>, Error> {
        let limit = self.max_buckets.max(parents.len());
        let buckets = self.buckets_of(order, parents, index).await?;
        if buckets.len() <= limit {
            return Ok(None);
        }
        // A parent of an index from before may have very many. So many are cut off that each is handed over only once.
        let Some(first) = buckets.get(buckets.len() - (limit / 2).max(1)) else { return Ok(None) };
        let (mark, lower) = (new_mark(), &parents[index].lower);
        let begin = Expression::update("SET unsettled = :mark")
            .and_condition("attribute_not_exists(unsettled) OR unsettled = :mark")
            .value(":mark", text(&mark));
        if self.table.update(keys::parent(&order.partition, lower), &begin).await?.is_none() {
            return Ok(None);
        }
        let next = new_mark_of_two();
        for _ in 0..MAX_ATTEMPTS {
            let bucket = self.locate(order, &first.lower).await?;
            if bucket.lower != first.lower || bucket.parent.as_ref() != Some(lower) {
                break;
            }
            if !bucket.is_fenced() {
                let new =
                    Parent { lower: bucket.lower.clone(), entries: bucket.entries, unsettled: Some(next.clone()) };
                let taken = Expression::update("SET unsettled = :next ADD entries :change").value(":next", text(&next));
                let taken = taken.value(":change", number(signed(bucket.entries).saturating_neg()));
                let taken = require_mark(taken, &mark);
                let cut = Transaction::new(self.table)
                    .unasked()
                    .update(keys::bucket(&order.partition, &bucket.lower), &bucket.hand_over(&bucket.lower), ())
                    .update(keys::parent(&order.partition, lower), &taken, ());
                if committed(put_new_item(cut, new.item(order), ()).commit().await)? {
                    return Ok(Some(next));
                }
            }
            pause().await;
        }
        // There is no new parent, so that all that is left of the change is the mark.
        Ok(Some(mark))
    }

    /// Hands over every bucket that doesn't name the parent of its range, where that has the mark, and removes the
    /// marks. Returns false if others kept it from doing so.
    async fn finish(self, order: &Order, mark: &str) -> Result<bool, Error> {
        for attempt in 0..MAX_ATTEMPTS {
            let Level::Parents(parents) = self.buckets(order).await?.0 else { return Ok(true) };
            let is_marked = |parent: &Parent| parent.unsettled.as_deref() == Some(mark);
            let mut complete = !is_of_two(mark) || parents.iter().filter(|parent| is_marked(parent)).count() == 2;
            for (index, parent) in parents.iter().enumerate().filter(|(_, parent)| is_marked(parent)) {
                let buckets = self.buckets_of(order, &parents, index).await?;
                let right = Some(&parent.lower);
                let (astray, ahead): (Vec<_>, Vec<_>) = buckets
                    .into_iter()
                    .filter(|bucket| bucket.parent.as_ref() != right)
                    .partition(|bucket| bucket.parent.as_ref() < right);
                complete &= ahead.is_empty();
                // Where others write to one of many buckets, fewer are tried at once.
                for some in astray.chunks((HANDED_OVER_AT_ONCE >> (2 * attempt)).max(1)) {
                    complete &= self.hand_over(order, some, &parent.lower, mark).await?;
                }
            }
            if complete {
                let mut end = Transaction::new(self.table).unasked();
                for parent in parents.iter().filter(|parent| is_marked(parent)) {
                    let settled = require_mark(Expression::update("REMOVE unsettled"), mark);
                    end = end.update(keys::parent(&order.partition, &parent.lower), &settled, ());
                }
                return if parents.iter().any(is_marked) { committed(end.commit().await) } else { Ok(true) };
            }
            pause().await;
        }
        Ok(false)
    }

    /// Makes the parent at `to` count these buckets, and those no more that did. Returns false if one has changed.
    async fn hand_over(self, order: &Order, buckets: &[Bucket], to: &str, mark: &str) -> Result<bool, Error> {
        if buckets.iter().any(Bucket::is_fenced) {
            return Ok(false);
        }
        let mut counts = BTreeMap::<&str, i64>::new();
        let mut transaction = Transaction::new(self.table).unasked();
        for bucket in buckets {
            *counts.entry(to).or_default() += signed(bucket.entries);
            if let Some(from) = &bucket.parent {
                *counts.entry(from).or_default() -= signed(bucket.entries);
            }
            let key = keys::bucket(&order.partition, &bucket.lower);
            transaction = transaction.update(key, &bucket.hand_over(to), ());
        }
        for (lower, change) in counts {
            let change = require_mark(change_count(change), mark);
            transaction = transaction.update(keys::parent(&order.partition, lower), &change, ());
        }
        committed(transaction.commit().await)
    }

    /// Returns the buckets in the range of the parent at `index`.
    async fn buckets_of(self, order: &Order, parents: &[Parent], index: usize) -> Result<Vec<Bucket>, Error> {
        let range = parent::range_of(parents, index);
        let mut buckets = self.buckets_within(order, &range).await?;
        if buckets.last().is_some_and(|last| Some(&last.lower) == range.to.as_ref()) {
            buckets.pop();
        }
        Ok(buckets)
    }
}

/// Whether a transaction was committed, or refused by what others did.
fn committed(outcome: Result<(), Refused<()>>) -> Result<bool, Error> {
    match outcome {
        Ok(()) => Ok(true),
        Err(Refused::Conditions(_)) => Ok(false),
        Err(Refused::Failed(error)) => Err(error),
    }
}

async fn pause() {
    sleep(random_range(Duration::ZERO..Duration::from_millis(20))).await;
}
