//! Pages.

use aws_sdk_dynamodb::{
    operation::query::builders::QueryFluentBuilder,
    types::{AttributeValue, Select},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::de::DeserializeOwned;

use dynamo::{Error, Item, from_item};

use crate::{
    Bucket, IndexReader, KeyRange, KeyRanges, Order, Segments, keys,
    segments::{Place, add_adjacent},
};

/// Segments that a scan reads concurrently. More would hold more of them in memory.
const MAX_CONCURRENT_READS: usize = 16;

/// The entries of a page, and whether others come after them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The entries, at most as many as were asked for.
    pub entries: Vec<T>,
    /// Whether there was one more.
    pub more: bool,
}

impl IndexReader<'_> {
    /// Returns a page that begins after the first `skip` entries, at any depth. Counts say where it begins, and nothing
    /// else: an entry that they don't count yet is on the page like any other. One round trip for each range that is
    /// read, and one before it where the page begins inside of a parent.
    pub async fn page<T: DeserializeOwned>(
        self,
        order: &Order,
        segments: &Segments,
        descending: bool,
        skip: u64,
        size: u64,
    ) -> Result<Page<T>, Error> {
        let Some(place) = segments.place(descending, skip) else { return page_of(Vec::new(), 0, size) };
        if place.segment.is_of_parent() && place.skip > 0 {
            let finer = self.refine(order, segments, &place.segment.range).await?;
            // Entries may have gone since the parent was read, so that the page begins beyond it by now.
            return match finer.place(descending, skip) {
                Some(place) => self.read_at(order, place, descending, size).await,
                None => page_of(Vec::new(), 0, size),
            };
        }
        self.read_at(order, place, descending, size).await
    }

    /// Reads a page from its place: from the near end of the segment, or from its far end where that reads so many
    /// entries fewer that it is worth another call. Both go by the segment's count, which is of another moment than the
    /// page: what came or went meanwhile moves the page where it is between that end and the page.
    async fn read_at<T: DeserializeOwned>(
        self,
        order: &Order,
        place: Place<'_>,
        descending: bool,
        size: u64,
    ) -> Result<Page<T>, Error> {
        let Place { segment, skip, beyond } = place;
        let wanted = size.saturating_add(1);
        let left = segment.entries - skip;
        if left.max(wanted).saturating_add(self.worth_a_call) >= skip.saturating_add(wanted) {
            let mut ranges = vec![segment.range.clone()];
            for range in beyond {
                add_adjacent(&mut ranges, range);
            }
            return self.read_page(order, &ranges, descending, skip, size).await;
        }
        let far = self.first_in(order, &segment.range, left, !descending);
        let (mut items, mut rest) =
            tokio::try_join!(far, self.first_of(order, &beyond, wanted.saturating_sub(left), descending))?;
        items.reverse();
        if count(&items) < left.min(wanted) {
            // Entries have gone from the segment since they were counted, so more from beyond belong to the page.
            rest = self.first_of(order, &beyond, wanted - count(&items), descending).await?;
        }
        items.extend(rest);
        page_of(items, 0, size)
    }

    /// Returns a page of `ranges` that begins beyond a key, or at the beginning. One round trip for each range that is
    /// read.
    pub async fn page_beyond<T: DeserializeOwned>(
        self,
        order: &Order,
        ranges: &KeyRanges,
        descending: bool,
        key: Option<&str>,
        size: u64,
    ) -> Result<Page<T>, Error> {
        let beyond = match key {
            None => KeyRange::all(),
            Some(key) if descending => KeyRange::new(String::new(), Some(key.to_owned())),
            // The lowest key above this one is its own text followed by U+0000.
            Some(key) => KeyRange::new(format!("{key}\u{0}"), None),
        };
        let mut ranges: Vec<_> = ranges.intersection(&KeyRanges::of([beyond])).iter().cloned().collect();
        if descending {
            ranges.reverse();
        }
        self.read_page(order, &ranges, descending, 0, size).await
    }

    /// Reads a page in its own direction: the entries of the ranges after the first `skip`, and one more, which tells
    /// whether others come after.
    async fn read_page<T: DeserializeOwned>(
        self,
        order: &Order,
        ranges: &[KeyRange],
        descending: bool,
        skip: u64,
        size: u64,
    ) -> Result<Page<T>, Error> {
        let items = self.first_of(order, ranges, skip.saturating_add(size).saturating_add(1), descending).await?;
        page_of(items, skip, size)
    }

    /// Returns the first `wanted` entries of ranges, one after the other, in a direction.
    async fn first_of(
        self,
        order: &Order,
        ranges: &[KeyRange],
        wanted: u64,
        descending: bool,
    ) -> Result<Vec<Item>, Error> {
        let mut items = Vec::new();
        for range in ranges {
            let left = wanted.saturating_sub(count(&items));
            if left == 0 {
                break;
            }
            items.extend(self.first_in(order, range, left, descending).await?);
        }
        Ok(items)
    }

    /// Returns every entry of the segments for which `keep` returns true, in order. At most 16 segments are in memory
    /// at once, beside the entries that were kept. A segment may be a parent's whole range.
    pub async fn scan<T: DeserializeOwned>(
        self,
        order: &Order,
        segments: &Segments,
        keep: impl Fn(&T) -> bool,
    ) -> Result<Vec<T>, Error> {
        let ranges: Vec<_> = segments.0.iter().map(|segment| segment.range.clone()).collect();
        let reads = stream::iter(ranges).map(async |range| self.first_in(order, &range, u64::MAX, false).await);
        let mut kept = Vec::new();
        let mut reads = reads.buffered(MAX_CONCURRENT_READS);
        while let Some(items) = reads.try_next().await? {
            for item in items {
                let row = from_item(item)?;
                if keep(&row) {
                    kept.push(row);
                }
            }
        }
        Ok(kept)
    }

    /// Returns the first `max_entries` entries of a range, or the last ones if `from_end`.
    async fn first_in(
        self,
        order: &Order,
        range: &KeyRange,
        max_entries: u64,
        from_end: bool,
    ) -> Result<Vec<Item>, Error> {
        let (mut items, mut start) = (Vec::new(), end_of(order, range).filter(|_| from_end));
        loop {
            let left = max_entries - u64::try_from(items.len()).unwrap_or(max_entries);
            // `BETWEEN` includes its upper bound, which is dropped below. One more item is read in its place.
            let limit = i32::try_from(left.saturating_add(u64::from(!from_end && range.to.is_some()))).ok();
            let query = self.query(order, range).scan_index_forward(!from_end);
            let page = query.set_limit(limit).set_exclusive_start_key(start).send().await?;
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if !from_end && let Some(to) = &range.to {
                let end = keys::entry(&order.partition, to).sk;
                while items.last().is_some_and(|item| sort_key(item) >= end.as_str()) {
                    items.pop();
                    start = None;
                }
            }
            let max_entries = usize::try_from(max_entries).unwrap_or(usize::MAX);
            if start.is_none() || items.len() >= max_entries {
                items.truncate(max_entries);
                return Ok(items);
            }
        }
    }

    /// Counts the entries in a range by reading backward from its upper bound. A start key is itself excluded from a
    /// Query, so the bound is too.
    pub(super) async fn count_in(self, order: &Order, range: &KeyRange) -> Result<u64, Error> {
        let (mut entries, mut start) = (0, end_of(order, range));
        loop {
            let query = self.query(order, range).scan_index_forward(false).select(Select::Count);
            let page = query.set_exclusive_start_key(start).send().await?;
            entries += u64::try_from(page.count).unwrap_or_default();
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(entries);
            }
        }
    }

    /// Returns the keys of the entries in a range.
    pub(super) async fn keys_in(self, order: &Order, range: &KeyRange) -> Result<Vec<String>, Error> {
        let items = self.first_in(order, range, u64::MAX, false).await?;
        let keys = items.iter().filter_map(|item| sort_key(item).strip_prefix(keys::ENTRY_PREFIX));
        Ok(keys.map(str::to_owned).collect())
    }

    /// Returns the lower bound of the bucket after the one at `lower`.
    pub(super) async fn next_lower(self, order: &Order, lower: &str) -> Result<Option<String>, Error> {
        let call = self.table.query_request();
        let answer = call
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", AttributeValue::S(order.partition.clone()))
            .expression_attribute_values(
                ":first",
                sort_value(keys::bucket(&order.partition, &format!("{lower}\u{0}")).sk),
            )
            .expression_attribute_values(":last", sort_value(keys::BUCKETS_END.to_owned()))
            .limit(1)
            .send()
            .await?;
        answer.items.unwrap_or_default().pop().map(|item| Bucket::of(item).map(|bucket| bucket.lower)).transpose()
    }

    fn query(self, order: &Order, range: &KeyRange) -> QueryFluentBuilder {
        let first = keys::entry(&order.partition, &range.from).sk;
        let last = match &range.to {
            Some(to) => keys::entry(&order.partition, to).sk,
            None => keys::ENTRIES_END.to_owned(),
        };
        let call = self.table.query_request();
        call.key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", AttributeValue::S(order.partition.clone()))
            .expression_attribute_values(":first", sort_value(first))
            .expression_attribute_values(":last", sort_value(last))
    }
}

/// Returns the upper bound of a range as the start key of a backward read.
fn end_of(order: &Order, range: &KeyRange) -> Option<Item> {
    range.to.as_ref().map(|to| keys::entry(&order.partition, to).attributes())
}

/// Returns the page of these items, of which the first `skip` come before it.
fn page_of<T: DeserializeOwned>(items: Vec<Item>, skip: u64, size: u64) -> Result<Page<T>, Error> {
    let (skip, size) = (usize::try_from(skip).unwrap_or(usize::MAX), usize::try_from(size).unwrap_or(usize::MAX));
    let more = items.len().saturating_sub(skip) > size;
    let entries = items.into_iter().skip(skip).take(size).map(from_item).collect::<Result<_, _>>()?;
    Ok(Page { entries, more })
}

fn count(items: &[Item]) -> u64 {
    u64::try_from(items.len()).unwrap_or(u64::MAX)
}

fn sort_value(text: String) -> AttributeValue {
    AttributeValue::S(text)
}

pub(super) fn sort_key(item: &Item) -> &str {
    item.get("sk").and_then(|sk| sk.as_s().ok()).map_or("", String::as_str)
}
