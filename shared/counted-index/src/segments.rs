//! Ranges divided into segments of which the number of entries is known.

use futures_util::future::try_join_all;

use dynamo::Error;

use crate::{
    Bucket, IndexReader, KeyRange, KeyRanges, Order, Outline,
    outline::Level,
    parent::{self, Parent},
};

/// A range of keys with the number of entries in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) range: KeyRange,
    pub(super) entries: u64,
    /// Whether this is the range of a whole parent, in which buckets can find a place.
    of_parent: bool,
}

/// Ranges that are divided at the bounds of buckets or parents, so that the number of entries in each segment is known.
/// A whole bucket or parent has its count; a partial bucket at either end of a range is counted by reading.
#[derive(Clone, Debug)]
pub struct Segments(pub(super) Vec<Segment>);

/// Where a page begins: after so many entries of a segment.
pub(super) struct Place<'s> {
    pub(super) segment: &'s Segment,
    pub(super) skip: u64,
    /// The ranges behind the segment, in the page's direction, of which adjacent ones are one.
    pub(super) beyond: Vec<KeyRange>,
}

/// A part of a range: the whole of a parent with its count, or what buckets have to be read for.
enum Part {
    Parent(KeyRange, u64),
    Buckets(KeyRange),
}

impl Segments {
    /// Returns the number of entries in all segments.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().map(|segment| segment.entries).sum()
    }

    /// Finds where the entries after the first `skip` begin, in a direction.
    pub(super) fn place(&self, descending: bool, mut skip: u64) -> Option<Place<'_>> {
        let mut segments: Vec<_> = self.0.iter().collect();
        if descending {
            segments.reverse();
        }
        let first = segments.iter().position(|segment| {
            let begins_here = skip < segment.entries;
            if !begins_here {
                skip -= segment.entries;
            }
            begins_here
        })?;
        let mut beyond = Vec::<KeyRange>::new();
        for Segment { range, .. } in segments.split_off(first + 1) {
            add_adjacent(&mut beyond, range.clone());
        }
        Some(Place { segment: self.0.get(if descending { self.0.len() - 1 - first } else { first })?, skip, beyond })
    }
}

/// Adds a range, and joins it with the last one where the two touch, in either direction.
pub(super) fn add_adjacent(ranges: &mut Vec<KeyRange>, range: KeyRange) {
    match ranges.last_mut() {
        Some(last) if last.to.as_ref() == Some(&range.from) => last.to = range.to,
        Some(last) if range.to.as_ref() == Some(&last.from) => last.from = range.from,
        _ => ranges.push(range),
    }
}

impl IndexReader<'_> {
    /// Divides `ranges` by an outline. Where this isn't enough, buckets are read, and what is partial or behind a fence
    /// is counted: a round trip each, for all ranges at once.
    pub async fn segments(self, order: &Order, outline: &Outline, ranges: &KeyRanges) -> Result<Segments, Error> {
        let parts: Vec<Part> = match &outline.0 {
            Level::Buckets(_) => ranges.into_iter().cloned().map(Part::Buckets).collect(),
            Level::Parents(parents) => ranges.into_iter().flat_map(|range| divide_by_parents(parents, range)).collect(),
        };
        let segments = parts.into_iter().map(async |part| match (part, &outline.0) {
            (Part::Parent(range, entries), _) => Ok(vec![Segment { range, entries, of_parent: true }]),
            (Part::Buckets(range), Level::Buckets(buckets)) => self.divide(order, &range, buckets).await,
            (Part::Buckets(range), Level::Parents(_)) => self.segments_of_buckets(order, &range).await,
        });
        Ok(Segments(try_join_all(segments).await?.into_iter().flatten().collect()))
    }

    /// Returns the segments with the buckets of one range in the place of their parent.
    pub(super) async fn refine(self, order: &Order, segments: &Segments, range: &KeyRange) -> Result<Segments, Error> {
        let mut finer = self.segments_of_buckets(order, range).await?;
        let mut refined = Vec::with_capacity(segments.0.len() + finer.len());
        for segment in &segments.0 {
            if segment.range == *range {
                refined.append(&mut finer);
            } else {
                refined.push(segment.clone());
            }
        }
        Ok(Segments(refined))
    }

    async fn segments_of_buckets(self, order: &Order, range: &KeyRange) -> Result<Vec<Segment>, Error> {
        let buckets = self.buckets_within(order, range).await?;
        self.divide(order, range, &buckets).await
    }

    /// Divides a range at the bounds of buckets. Partial buckets at the ends, and buckets behind a fence, are counted
    /// by concurrent reads, which take one round trip.
    async fn divide(self, order: &Order, range: &KeyRange, buckets: &[Bucket]) -> Result<Vec<Segment>, Error> {
        let counted = divide_by_buckets(range, buckets).into_iter().map(async |(range, entries)| {
            let entries = match entries {
                Some(entries) => entries,
                None => self.count_in(order, &range).await?,
            };
            Ok::<_, Error>(Segment { range, entries, of_parent: false })
        });
        try_join_all(counted).await
    }
}

impl Segment {
    /// Whether reading the buckets of its range would find a nearer place.
    pub(super) fn is_of_parent(&self) -> bool {
        self.of_parent
    }
}

/// Divides a range at the bounds of parents. What is no whole parent, or isn't settled, has to be read bucket by
/// bucket.
fn divide_by_parents(parents: &[Parent], range: &KeyRange) -> Vec<Part> {
    let before = parents.first().map(|first| KeyRange::new(String::new(), Some(first.lower.clone())));
    let mut parts: Vec<_> =
        before.and_then(|before| before.intersection(range)).map(Part::Buckets).into_iter().collect();
    for (index, parent) in parents.iter().enumerate() {
        let whole = parent::range_of(parents, index);
        match whole.intersection(range) {
            None => {}
            Some(piece) if piece == whole && parent::is_settled(parents, index) => {
                parts.push(Part::Parent(piece, parent.entries));
            }
            Some(piece) => match parts.last_mut() {
                Some(Part::Buckets(last)) if last.to.as_ref() == Some(&piece.from) => last.to = piece.to,
                _ => parts.push(Part::Buckets(piece)),
            },
        }
    }
    parts
}

/// Divides a range at the bounds of buckets, of which all must be there that begin in it or at its end. A piece has the
/// count of its bucket if it is the whole of it.
fn divide_by_buckets(range: &KeyRange, buckets: &[Bucket]) -> Vec<(KeyRange, Option<u64>)> {
    let begins_before = |bucket: &Bucket, bound: &str| bucket.lower.as_str() < bound;
    let first = buckets.partition_point(|bucket| begins_before(bucket, &range.from));
    let end = |to: &String| buckets.partition_point(|bucket| begins_before(bucket, to));
    let last = range.to.as_ref().map_or(buckets.len(), end).max(first);
    let ends_at_bound = range.to.is_none() || buckets.get(last).map(|bucket| &bucket.lower) == range.to.as_ref();
    let mut pieces = Vec::new();
    let mut from = (range.from.clone(), None);
    for bucket in &buckets[first..last] {
        if bucket.lower > from.0 {
            pieces.push((KeyRange::new(from.0, Some(bucket.lower.clone())), from.1));
        }
        // The Query of the buckets may have seen half of a split: the old bucket with its smaller count, but not yet
        // the new one. Step 3 of a split leaves the fence up for this case.
        from = (bucket.lower.clone(), (!bucket.is_fenced()).then_some(bucket.entries));
    }
    pieces.push((KeyRange::new(from.0, range.to.clone()), from.1.filter(|_| ends_at_bound)));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: &str, to: &str) -> KeyRange {
        KeyRange::new(from.to_owned(), Some(to.to_owned()))
    }

    fn segments(segments: &[(&str, &str, u64)]) -> Segments {
        let segment = |(from, to, entries): &(&str, &str, u64)| Segment {
            range: range(from, to),
            entries: *entries,
            of_parent: false,
        };
        Segments(segments.iter().map(segment).collect())
    }

    /// The segment in which a page begins, the entries before it there, and the ranges beyond.
    fn placed(segments: &Segments, descending: bool, skip: u64) -> Option<(String, u64, Vec<KeyRange>)> {
        let place = segments.place(descending, skip)?;
        Some((place.segment.range.from.clone(), place.skip, place.beyond))
    }

    fn expected(from: &str, skip: u64, beyond: &[(&str, &str)]) -> (String, u64, Vec<KeyRange>) {
        (from.to_owned(), skip, beyond.iter().map(|(from, to)| range(from, to)).collect())
    }

    fn parent(lower: &str, entries: u64, unsettled: bool) -> Parent {
        Parent { lower: lower.to_owned(), entries, unsettled: unsettled.then(|| "mark".to_owned()) }
    }

    #[test]
    fn the_total_is_the_sum_of_all_segments() {
        assert_eq!(segments(&[]).total(), 0);
        assert_eq!(segments(&[("a", "b", 3), ("b", "c", 0), ("x", "z", 4)]).total(), 7);
    }

    #[test]
    fn a_page_begins_in_the_segment_that_its_first_entry_is_in_from_either_end() {
        let segments = segments(&[("a", "b", 10), ("b", "c", 12), ("c", "d", 14)]);
        assert_eq!(placed(&segments, false, 0), Some(expected("a", 0, &[("b", "d")])));
        assert_eq!(placed(&segments, false, 12), Some(expected("b", 2, &[("c", "d")])));
        assert_eq!(placed(&segments, false, 22), Some(expected("c", 0, &[])));
        assert_eq!(placed(&segments, true, 0), Some(expected("c", 0, &[("a", "c")])));
        assert_eq!(placed(&segments, true, 13), Some(expected("c", 13, &[("a", "c")])));
        assert_eq!(placed(&segments, true, 14), Some(expected("b", 0, &[("a", "b")])));
        assert_eq!(placed(&segments, true, 27), Some(expected("a", 1, &[])));
    }

    #[test]
    fn a_page_goes_on_beyond_a_gap_in_its_own_direction() {
        let segments = segments(&[("a", "b", 10), ("b", "c", 0), ("m", "n", 10)]);
        assert_eq!(placed(&segments, false, 8), Some(expected("a", 8, &[("b", "c"), ("m", "n")])));
        assert_eq!(placed(&segments, true, 8), Some(expected("m", 8, &[("a", "c")])));
    }

    #[test]
    fn a_page_beyond_the_last_entry_is_nowhere() {
        let segments = segments(&[("a", "b", 10), ("b", "c", 0)]);
        assert_eq!(placed(&segments, false, 10), None);
        assert_eq!(placed(&segments, true, 12), None);
    }

    #[test]
    fn a_range_has_the_counts_of_whole_buckets_and_none_for_the_parts_at_its_ends() {
        let buckets = [("", 5), ("c", 6), ("f", 7)].map(|(lower, entries)| Bucket::unfenced(lower, entries));
        let pieces = |range: &KeyRange| divide_by_buckets(range, &buckets);
        let all = [("", Some("c"), 5), ("c", Some("f"), 6), ("f", None, 7)];
        let all = all.map(|(from, to, entries)| (KeyRange::new(from.to_owned(), to.map(str::to_owned)), Some(entries)));
        assert_eq!(pieces(&KeyRange::all()), all);
        assert_eq!(pieces(&range("c", "f")), [(range("c", "f"), Some(6))]);
        assert_eq!(pieces(&range("a", "b")), [(range("a", "b"), None)]);
        assert_eq!(pieces(&range("a", "c")), [(range("a", "c"), None)]);
        assert_eq!(
            pieces(&range("a", "g")),
            [(range("a", "c"), None), (range("c", "f"), Some(6)), (range("f", "g"), None)]
        );
    }

    #[test]
    fn only_whole_and_settled_parents_count_and_what_touches_is_read_at_once() {
        let parents = [parent("", 1, false), parent("c", 2, false), parent("f", 3, true), parent("k", 4, false)];
        let parts: Vec<_> = divide_by_parents(&parents, &KeyRange::new("a".to_owned(), None))
            .into_iter()
            .map(|part| match part {
                Part::Parent(range, entries) => (range, Some(entries)),
                Part::Buckets(range) => (range, None),
            })
            .collect();
        // The parent left of an unsettled one may have been read before buckets were taken from it.
        assert_eq!(parts, [(range("a", "k"), None), (KeyRange::new("k".to_owned(), None), Some(4))]);
    }
}
