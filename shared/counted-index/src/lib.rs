//! The counted index: exact totals and any page, at any depth, with strongly consistent reads.
//!
//! `DynamoDB` can neither skip to row 40,000 nor count rows without reading them. Each order of a collection therefore
//! keeps *buckets* beside its entries. A bucket is a contiguous range of keys with the number of entries in it. The
//! range goes from the bucket's `lower` to the `lower` of the next bucket. An entry and the count of its bucket change
//! in one transaction. The buckets take one Query, and the sum of their counts is the total. A page is one Query from where
//! it begins, in its own direction: from an end, from the key that a page token names, or from the bucket in which the
//! running sum of the counts says that it begins. Counts never limit what is on a page: they are read before it.
//!
//! Every bucket has an *epoch*, a random text that changes whenever the range shrinks. A bucket that is deleted and
//! created again also gets a new one. A writer changes a count on condition of the epoch that it read:
//!
//! | Writer | Splitter | Buckets |
//! |---|---|---|
//! | reads the bucket for the new key `x` | | `""`: 1001 entries, epoch 1 |
//! | | moves the upper half to a new bucket | `""`: 500, epoch 2; `"m"`: 501 |
//! | inserts `x` and adds 1 to bucket `""` if its epoch is 1 | | the condition fails, and the writer reads again |
//!
//! Without the epoch, bucket `""` would count `x`, although the key is in the range of `"m"`. One count would be too
//! high and the other too low.
//!
//! A bucket that grows past the limit is split behind a *fence* (see `split`), while writers wait. A bucket that
//! becomes empty is deleted, and the bucket to its left then covers its keys.
//!
//! *Invariant:* this crate knows nothing of what it indexes, and nothing of an organization.

mod bucket;
mod first_buckets;
mod insert_many;
mod keys;
mod page;
mod range;
mod split;
mod verify;
mod write;

use std::{ops::Deref, time::Duration};

use dynamo::Table;

pub use bucket::Bucket;
pub use first_buckets::FirstBuckets;
pub use insert_many::{Row, holder};
pub use keys::entry as entry_key;
pub use page::{Page, Segments};
pub use range::{KeyRange, KeyRanges};
pub use verify::{IndexFault, IndexReport};
pub use write::{IndexChanges, IndexWrite, Outcome};

/// Entries that a bucket may hold before it is split.
pub const MAX_BUCKET_ENTRIES: u64 = 1_000;
/// The lifetime of a fence. Writers retry for longer than this, so a fence that a dead process left behind delays a
/// write but never fails it.
const FENCE_LIFETIME: Duration = Duration::from_secs(2);
/// The time that splits and deletions of buckets may take after a write. The write's caller waits for them.
const REBALANCE_TIME: Duration = FENCE_LIFETIME;
/// What is left of a request, once they are given up, until its answer is due.
const ANSWER_TIME: Duration = Duration::from_millis(250);

/// Reads the counted indexes of a table.
#[derive(Clone, Copy, Debug)]
pub struct IndexReader<'t> {
    table: &'t Table,
}

/// Reads and writes the counted indexes of a table.
#[derive(Clone, Copy, Debug)]
pub struct CountedIndex<'t> {
    reader: IndexReader<'t>,
    /// Entries that a bucket may hold before it is split.
    max_entries: u64,
    fence_lifetime: Duration,
}

/// One order of a collection: a partition that holds its entries and buckets, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Order {
    /// The partition.
    pub partition: String,
    /// The entity type of its entries in the table.
    pub entity: &'static str,
}

impl<'t> IndexReader<'t> {
    /// The indexes of this table.
    #[must_use]
    pub fn new(table: &'t Table) -> Self {
        Self { table }
    }
}

impl<'t> Deref for CountedIndex<'t> {
    type Target = IndexReader<'t>;

    fn deref(&self) -> &IndexReader<'t> {
        &self.reader
    }
}

impl<'t> CountedIndex<'t> {
    /// The indexes of this table.
    #[must_use]
    pub fn new(table: &'t Table) -> Self {
        Self { reader: IndexReader::new(table), max_entries: MAX_BUCKET_ENTRIES, fence_lifetime: FENCE_LIFETIME }
    }

    /// Replaces the limits: a bucket is split at more than `max_entries`, and a fence expires after `fence_lifetime`.
    /// For tests, which could not fill a bucket of the usual size.
    #[must_use]
    pub fn with_limits(self, max_entries: u64, fence_lifetime: Duration) -> Self {
        Self { max_entries, fence_lifetime, ..self }
    }
}
