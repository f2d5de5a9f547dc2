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

    /// Finds where the `take` entries after the first `skip` are. Adjacent segments become one run, which one Query
    /// reads.
    fn runs(&self, mut skip: u64, mut take: u64) -> Vec<Run> {
        let mut runs = Vec::<Run>::new();
        for segment in &self.0 {
            if take == 0 {
                break;
            }
            if skip >= segment.entries {
                skip -= segment.entries;
                continue;
            }
            let taken = take.min(segment.entries - skip);
            match runs.last_mut() {
                Some(run) if run.range.to.as_ref() == Some(&segment.range.from) => {
                    run.take += taken;
                    run.range.to.clone_from(&segment.range.to);
                }
                _ => runs.push(Run { range: segment.range.clone(), skip, take: taken }),
            }
            (skip, take) = (0, take - taken);
        }
        runs
    }
}

/// Entries to take from a contiguous range of keys.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    range: KeyRange,
    skip: u64,
    take: u64,
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

    /// Returns at most `size` entries after the first `skip`, in either direction, in one round trip at any depth.
    pub async fn page<T: DeserializeOwned>(
        self,
        order: &Order,
        segments: &Segments,
        descending: bool,
        skip: u64,
        size: u64,
    ) -> Result<Vec<T>, Error> {
        let total = segments.total();
        let take = size.min(total.saturating_sub(skip));
        // A page in descending order is the mirrored page in ascending order, reversed.
        let skip = if descending { total - skip.min(total) - take } else { skip };
        let reads = segments.runs(skip, take).into_iter().map(async |run| {
            let entries = self.first_in(order, &run.range, run.skip + run.take, false).await?;
            let skip = usize::try_from(run.skip).unwrap_or(usize::MAX);
            Ok::<_, Error>(entries.into_iter().skip(skip).collect::<Vec<_>>())
        });
        let mut items: Vec<_> = try_join_all(reads).await?.into_iter().flatten().collect();
        if descending {
            items.reverse();
        }
        items.into_iter().map(from_item).collect()
    }

    /// Returns at most `size` entries of `ranges` beyond a key, in one round trip for each range that is read.
    pub async fn page_beyond<T: DeserializeOwned>(
        self,
        order: &Order,
        ranges: &KeyRanges,
        descending: bool,
        key: &str,
        size: u64,
    ) -> Result<Vec<T>, Error> {
        let beyond = if descending {
            KeyRange::new(String::new(), Some(key.to_owned()))
        } else {
            // The lowest key above this one is its own text followed by U+0000.
            KeyRange::new(format!("{key}\u{0}"), None)
        };
        let ranges = ranges.intersection(&KeyRanges::of([beyond]));
        let mut ranges: Vec<_> = ranges.into_iter().collect();
        if descending {
            ranges.reverse();
        }
        let mut items = Vec::new();
        for range in ranges {
            let remaining = size - u64::try_from(items.len()).unwrap_or(size);
            if remaining == 0 {
                break;
            }
            items.extend(self.first_in(order, range, remaining, descending).await?);
        }
        items.into_iter().map(from_item).collect()
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

    fn run(from: &str, to: &str, skip: u64, take: u64) -> Run {
        Run { range: range(from, to), skip, take }
    }

    #[test]
    fn the_total_is_the_sum_of_all_segments() {
        assert_eq!(segments(&[]).total(), 0);
        assert_eq!(segments(&[("a", "b", 3), ("b", "c", 0), ("x", "z", 4)]).total(), 7);
    }

    #[test]
    fn a_page_within_one_segment_skips_only_there() {
        let segments = segments(&[("a", "b", 10), ("b", "c", 10), ("c", "d", 10)]);
        assert_eq!(segments.runs(0, 3), [run("a", "b", 0, 3)]);
        assert_eq!(segments.runs(12, 3), [run("b", "c", 2, 3)]);
        assert_eq!(segments.runs(10, 10), [run("b", "c", 0, 10)]);
    }

    #[test]
    fn a_page_across_adjacent_segments_is_one_run() {
        let segments = segments(&[("a", "b", 10), ("b", "c", 2), ("c", "d", 10)]);
        assert_eq!(segments.runs(8, 6), [run("a", "d", 8, 6)]);
    }

    #[test]
    fn a_page_across_a_gap_is_a_run_on_each_side() {
        let segments = segments(&[("a", "b", 10), ("m", "n", 10)]);
        assert_eq!(segments.runs(8, 6), [run("a", "b", 8, 2), run("m", "n", 0, 4)]);
    }

    #[test]
    fn a_page_ends_with_the_last_entry_and_one_beyond_it_is_empty() {
        let segments = segments(&[("a", "b", 10), ("b", "c", 0)]);
        assert_eq!(segments.runs(8, 100), [run("a", "b", 8, 2)]);
        assert_eq!(segments.runs(10, 5), []);
        assert_eq!(segments.runs(0, 0), []);
    }
}
