use dynamo::Error;

use crate::{IndexReader, KeyRange, Order};

/// The result of a walk over one order of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexReport {
    /// Entries that were found.
    pub entries: u64,
    /// Buckets that were found.
    pub buckets: u64,
    /// Faults that were found.
    pub faults: Vec<IndexFault>,
}

/// An inconsistency in an index.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexFault {
    /// There is no bucket for the lowest keys.
    #[error("there is no first bucket")]
    NoFirstBucket,
    /// The two orders of a collection hold different numbers of entries.
    #[error("the orders hold different numbers of entries")]
    OrdersDiffer,
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
}

impl IndexReader<'_> {
    /// Compares each bucket's count with the entries in its range. Writes that commit during the walk can look like
    /// faults.
    pub async fn verify(self, order: &Order) -> Result<IndexReport, Error> {
        let buckets = self.buckets(order).await?;
        let mut report = IndexReport { entries: 0, buckets: 0, faults: Vec::new() };
        if buckets.first().is_none_or(|first| !first.lower.is_empty()) {
            report.faults.push(IndexFault::NoFirstBucket);
        }
        for (index, bucket) in buckets.iter().enumerate() {
            let range = KeyRange::new(bucket.lower.clone(), buckets.get(index + 1).map(|next| next.lower.clone()));
            let held = u64::try_from(self.keys_in(order, &range).await?.len()).unwrap_or(u64::MAX);
            if held != bucket.entries {
                report.faults.push(IndexFault::Count { lower: bucket.lower.clone(), counted: bucket.entries, held });
            }
            report.entries += held;
            report.buckets += 1;
        }
        Ok(report)
    }
}
