//! Counts and pages.

use aws_sdk_dynamodb::{
    operation::query::builders::QueryFluentBuilder,
    types::{AttributeValue, Select},
};
use futures_util::{StreamExt, TryStreamExt, future::try_join_all, stream};
use serde::de::DeserializeOwned;

use dynamo::{Error, Item, from_item};

use crate::{Bucket, IndexReader, KeyRange, KeyRanges, Order, keys};

/// Segments that a scan reads concurrently. More would hold more of them in memory.
const MAX_CONCURRENT_READS: usize = 16;

/// A range of keys with the number of entries in it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Segment {
    range: KeyRange,
    entries: u64,
}

/// Ranges that are divided at the buckets' bounds, so that the number of entries in each segment is known. A whole
/// bucket has its count; a partial bucket at either end of a range is counted by reading.
#[derive(Clone, Debug)]
pub struct Segments(Vec<Segment>);

impl Segments {
    /// Returns the number of entries in all segments.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().map(|segment| segment.entries).sum()
    }

    /// Finds where the entries after the first `skip` begin, in a direction: the ranges from there on in that direction,
    /// of which adjacent ones are one, and how many entries of the first range still come before.
    fn place(&self, descending: bool, mut skip: u64) -> (Vec<KeyRange>, u64) {
        let mut segments: Vec<_> = self.0.iter().collect();
        if descending {
            segments.reverse();
        }
        let Some(first) = segments.iter().position(|segment| {
            let begins_here = skip < segment.entries;
            if !begins_here {
                skip -= segment.entries;
            }
            begins_here
        }) else {
            return (Vec::new(), 0);
        };
        let mut ranges = Vec::<KeyRange>::new();
        for Segment { range, .. } in segments.split_off(first) {
            match ranges.last_mut() {
                Some(last) if last.to.as_ref() == Some(&range.from) => last.to.clone_from(&range.to),
                Some(last) if range.to.as_ref() == Some(&last.from) => last.from.clone_from(&range.from),
                _ => ranges.push(range.clone()),
            }
        }
        (ranges, skip)
    }
}

/// The entries of a page, and whether others come after them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The entries, at most as many as were asked for.
    pub entries: Vec<T>,
    /// Whether there was one more.
    pub more: bool,
}

impl IndexReader<'_> {
    /// Divides `ranges` at the bounds of `buckets`. Partial buckets at the ends, and buckets behind a fence, are
    /// counted by concurrent reads, which take one round trip.
    pub async fn segments(self, order: &Order, buckets: &[Bucket], ranges: &KeyRanges) -> Result<Segments, Error> {
        let pieces = ranges.into_iter().flat_map(|range| {
            buckets.iter().enumerate().filter_map(move |(index, bucket)| {
                let whole = KeyRange::new(bucket.lower.clone(), buckets.get(index + 1).map(|next| next.lower.clone()));
                let piece = whole.intersection(range)?;
                // The Query of the buckets may have seen half of a split: the old bucket with its smaller count, but
                // not yet the new one. Step 3 of a split leaves the fence up for this case.
                let entries = (piece == whole && !bucket.is_fenced()).then_some(bucket.entries);
                Some((piece, entries))
            })
        });
        let counted = pieces.map(async |(range, entries)| {
            let entries = match entries {
                Some(entries) => entries,
                None => self.count_in(order, &range).await?,
            };
            Ok::<_, Error>(Segment { range, entries })
        });
        Ok(Segments(try_join_all(counted).await?))
    }

    /// Returns a page that begins after the first `skip` entries, at any depth. Counts say where it begins, and nothing
    /// else: an entry that they don't count yet is on the page like any other. One round trip for each range that is
    /// read.
    pub async fn page<T: DeserializeOwned>(
        self,
        order: &Order,
        segments: &Segments,
        descending: bool,
        skip: u64,
        size: u64,
    ) -> Result<Page<T>, Error> {
        let (ranges, skip) = segments.place(descending, skip);
        self.read_page(order, &ranges, descending, skip, size).await
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
        let wanted = skip.saturating_add(size).saturating_add(1);
        let mut items = Vec::new();
        for range in ranges {
            let left = wanted.saturating_sub(u64::try_from(items.len()).unwrap_or(wanted));
            if left == 0 {
                break;
            }
            items.extend(self.first_in(order, range, left, descending).await?);
        }
        let (skip, size) = (usize::try_from(skip).unwrap_or(usize::MAX), usize::try_from(size).unwrap_or(usize::MAX));
        let more = items.len().saturating_sub(skip) > size;
        let entries = items.into_iter().skip(skip).take(size).map(from_item).collect::<Result<_, _>>()?;
        Ok(Page { entries, more })
    }

    /// Returns every entry of the segments for which `keep` returns true, in order. At most 16 segments are in memory
    /// at once, beside the entries that were kept.
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
    async fn count_in(self, order: &Order, range: &KeyRange) -> Result<u64, Error> {
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

fn sort_value(text: String) -> AttributeValue {
    AttributeValue::S(text)
}

fn sort_key(item: &Item) -> &str {
    item.get("sk").and_then(|sk| sk.as_s().ok()).map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: &str, to: &str) -> KeyRange {
        KeyRange::new(from.to_owned(), Some(to.to_owned()))
    }

    fn segments(segments: &[(&str, &str, u64)]) -> Segments {
        Segments(
            segments.iter().map(|(from, to, entries)| Segment { range: range(from, to), entries: *entries }).collect(),
        )
    }

    fn placed(ranges: &[(&str, &str)], skip: u64) -> (Vec<KeyRange>, u64) {
        (ranges.iter().map(|(from, to)| range(from, to)).collect(), skip)
    }

    #[test]
    fn the_total_is_the_sum_of_all_segments() {
        assert_eq!(segments(&[]).total(), 0);
        assert_eq!(segments(&[("a", "b", 3), ("b", "c", 0), ("x", "z", 4)]).total(), 7);
    }

    #[test]
    fn a_page_begins_in_the_segment_that_its_first_entry_is_in_from_either_end() {
        let segments = segments(&[("a", "b", 10), ("b", "c", 12), ("c", "d", 14)]);
        assert_eq!(segments.place(false, 0), placed(&[("a", "d")], 0));
        assert_eq!(segments.place(false, 12), placed(&[("b", "d")], 2));
        assert_eq!(segments.place(false, 22), placed(&[("c", "d")], 0));
        assert_eq!(segments.place(true, 0), placed(&[("a", "d")], 0));
        assert_eq!(segments.place(true, 13), placed(&[("a", "d")], 13));
        assert_eq!(segments.place(true, 14), placed(&[("a", "c")], 0));
        assert_eq!(segments.place(true, 27), placed(&[("a", "b")], 1));
    }

    #[test]
    fn a_page_goes_on_beyond_a_gap_in_its_own_direction() {
        let segments = segments(&[("a", "b", 10), ("b", "c", 0), ("m", "n", 10)]);
        assert_eq!(segments.place(false, 8), placed(&[("a", "c"), ("m", "n")], 8));
        assert_eq!(segments.place(true, 8), placed(&[("m", "n"), ("a", "c")], 8));
    }

    #[test]
    fn a_page_beyond_the_last_entry_is_nowhere() {
        let segments = segments(&[("a", "b", 10), ("b", "c", 0)]);
        assert_eq!(segments.place(false, 10), placed(&[], 0));
        assert_eq!(segments.place(true, 12), placed(&[], 0));
    }
}
