use futures_util::{StreamExt, TryStreamExt, stream};

use dynamo::Error;

use crate::{
    Bucket, IndexReader, KeyRange, Order,
    parent::{self, Parent, holder, is_dissolving, is_left},
};

/// Buckets whose entries are counted concurrently.
const MAX_CONCURRENT_COUNTS: usize = 16;

/// The result of a walk over one order of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexReport {
    /// Entries that were found.
    pub entries: u64,
    /// Buckets that were found.
    pub buckets: u64,
    /// Parents that were found.
    pub parents: u64,
    /// Faults that were found.
    pub faults: Vec<IndexFault>,
}

/// An inconsistency in an index.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexFault {
    /// There is no bucket for the lowest keys.
    #[error("there is no first bucket")]
    NoFirstBucket,
    /// A bucket's count isn't the number of its entries.
    #[error("the bucket from {lower:?} on counts {counted} and holds {held}")]
    Count {
        /// The lower bound of the bucket's range.
        lower: String,
        /// The bucket's count.
        counted: u64,
        /// The entries that were found in the range.
        held: u64,
    },
    /// A parent's count isn't that of its buckets.
    #[error("the parent from {lower:?} on counts {counted}, and its buckets count {held}")]
    ParentCount {
        /// The lower bound of the parent's range.
        lower: String,
        /// The parent's count.
        counted: u64,
        /// The sum of its buckets' counts.
        held: u64,
    },
    /// A bucket is counted by another parent than the one of its range, or by one that isn't there; or a parent doesn't
    /// begin with a bucket.
    #[error("the bucket from {lower:?} on is not with its parent")]
    Astray {
        /// The lower bound of the bucket's or the parent's range.
        lower: String,
    },
}

impl IndexReader<'_> {
    /// Compares each bucket's count with the entries in its range, and each parent's with its buckets. Writes that
    /// commit during the walk can look like faults.
    pub async fn verify(self, order: &Order) -> Result<IndexReport, Error> {
        let (parents, buckets) = tokio::try_join!(self.all_parents(order), self.all_buckets(order))?;
        let mut faults = Vec::new();
        if buckets.first().is_none_or(|first| !first.lower.is_empty()) {
            faults.push(IndexFault::NoFirstBucket);
        }
        let ranges: Vec<_> = (0..buckets.len()).map(|index| range_of(&buckets, index)).collect();
        let counts = stream::iter(ranges).map(async |range| self.count_in(order, &range).await);
        let counts: Vec<u64> = counts.buffered(MAX_CONCURRENT_COUNTS).try_collect().await?;
        for (bucket, held) in buckets.iter().zip(&counts).filter(|(bucket, held)| bucket.entries != **held) {
            faults.push(IndexFault::Count { lower: bucket.lower.clone(), counted: bucket.entries, held: *held });
        }
        faults.extend(faults_of_parents(&parents, &buckets));
        let (entries, number) = (counts.iter().sum(), |number| u64::try_from(number).unwrap_or(u64::MAX));
        Ok(IndexReport { entries, buckets: number(buckets.len()), parents: number(parents.len()), faults })
    }

    /// Whether parents count what their buckets do, and no change of them that began more than `millis` ago was left.
    /// Asked again where they don't, since writes commit between the reads.
    pub(super) async fn parents_are_right(self, order: &Order, millis: u64) -> Result<bool, Error> {
        const ATTEMPTS: u32 = 6;
        let parents = self.all_parents(order).await?;
        let mut marks = parents.iter().filter_map(|parent| parent.unsettled.as_ref());
        if marks.any(|mark| is_dissolving(mark) || is_left(mark, millis)) {
            return Ok(false);
        }
        if parents.is_empty() {
            let buckets = self.all_buckets(order).await?;
            return Ok(faults_of_parents(&[], &buckets).is_empty());
        }
        let before = KeyRange::new(String::new(), parents.first().map(|first| first.lower.clone()));
        let ranges = (0..parents.len()).map(|index| parent::range_of(&parents, index));
        for range in ranges.chain(before.intersection(&before)) {
            let mut attempt = 0;
            loop {
                let (parents, buckets) = tokio::try_join!(self.all_parents(order), self.buckets_within(order, &range))?;
                let within = |lower: &str| range.intersection(&point(lower)).is_some();
                let buckets: Vec<_> = buckets.into_iter().filter(|bucket| within(&bucket.lower)).collect();
                let concerns = |fault: &IndexFault| match fault {
                    IndexFault::ParentCount { lower, .. } | IndexFault::Astray { lower } => within(lower),
                    _ => false,
                };
                if !faults_of_parents(&parents, &buckets).iter().any(concerns) {
                    break;
                }
                attempt += 1;
                if attempt == ATTEMPTS {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

/// Returns the range of the bucket at `index`.
pub(super) fn range_of(buckets: &[Bucket], index: usize) -> KeyRange {
    KeyRange::new(buckets[index].lower.clone(), buckets.get(index + 1).map(|next| next.lower.clone()))
}

/// Returns the range that holds this key alone.
fn point(key: &str) -> KeyRange {
    KeyRange::new(key.to_owned(), Some(format!("{key}\u{0}")))
}

fn faults_of_parents(parents: &[Parent], buckets: &[Bucket]) -> Vec<IndexFault> {
    let mut faults = Vec::new();
    let mut counts = vec![0_u64; parents.len()];
    for bucket in buckets {
        let index = holder(parents, &bucket.lower);
        if let Some(index) = index {
            counts[index] += bucket.entries;
        }
        let may_be_astray = index.is_some_and(|index| !parent::is_settled(parents, index));
        let right = index.and_then(|index| parents.get(index)).map(|parent| &parent.lower);
        if bucket.parent.as_ref() != right && !may_be_astray {
            faults.push(IndexFault::Astray { lower: bucket.lower.clone() });
        }
    }
    for (index, (Parent { lower, entries, .. }, held)) in parents.iter().zip(counts).enumerate() {
        if buckets.binary_search_by(|bucket| bucket.lower.cmp(lower)).is_err() {
            faults.push(IndexFault::Astray { lower: lower.clone() });
        } else if *entries != held && parent::is_settled(parents, index) {
            faults.push(IndexFault::ParentCount { lower: lower.clone(), counted: *entries, held });
        }
    }
    faults
}
