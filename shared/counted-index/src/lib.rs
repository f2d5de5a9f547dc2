//! The counted index: exact totals and any page, at any depth, with strongly consistent reads.
//!
//! `DynamoDB` can neither skip to row 40,000 nor count without reading. So each order of a collection keeps *buckets*
//! beside its entries: contiguous ranges of keys, each with the number of entries in it. A bucket covers the keys from
//! its `lower` up to the next bucket's. Entries and counts change in one transaction. A page takes one Query over the
//! buckets, a running sum, and one Query where the page begins.
//!
//! Every bucket has an *epoch*, a random text. It changes whenever the bucket's range shrinks, and a bucket that is
//! created again under an old key has a new one. A writer updates the count on condition of the epoch that it read. So
//! it counts in the bucket that its key belongs to, or is refused and reads again.
//!
//! A bucket that grows past the limit is split behind a *fence* (see `split`), while writers wait. A bucket that
//! becomes empty is deleted, and the bucket to its left covers its keys.
//!
//! *Invariant:* this crate knows nothing of what it indexes, and nothing of an organization.

mod bucket;
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
pub use insert_many::Row;
pub use keys::entry as entry_key;
pub use page::Segments;
pub use range::{KeyRange, KeyRanges};
pub use verify::{IndexFault, IndexReport};
pub use write::{IndexWrite, Outcome};

/// Entries that a bucket may hold before it is split.
const BUCKET_LIMIT: u64 = 1_000;
/// The lifetime of a fence. Writers retry for longer than this, so a split that was abandoned fails no write.
const FENCE: Duration = Duration::from_secs(2);

/// Reads the counted indexes of a table.
#[derive(Clone, Copy, Debug)]
pub struct IndexReader<'t> {
    table: &'t Table,
}

/// Reads and writes the counted indexes of a table.
#[derive(Clone, Copy, Debug)]
pub struct CountedIndex<'t> {
    reader: IndexReader<'t>,
    limit: u64,
    fence: Duration,
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
        Self { reader: IndexReader::new(table), limit: BUCKET_LIMIT, fence: FENCE }
    }

    /// Indexes with at most `limit` entries in a bucket, and fences that expire after `fence`. For tests.
    #[must_use]
    pub fn with_limits(self, limit: u64, fence: Duration) -> Self {
        Self { limit, fence, ..self }
    }
}
