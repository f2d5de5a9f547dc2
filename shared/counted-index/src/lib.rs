//! The counted index: exact totals and any page, at any depth, with strongly consistent reads.
//!
//! `DynamoDB` can neither skip to row 40,000 nor count without reading. So each order of a collection keeps *buckets* beside
//! its entries: contiguous ranges of keys, each with the number of entries in it. A bucket's range begins at its `lower` and
//! reaches to the next bucket's. Entries and counts change in one transaction; a page is one Query over the buckets, a
//! running sum, and one Query where the page begins.
//!
//! Every bucket has an *epoch*, a random text. Whatever makes a bucket's range smaller changes its epoch, and a bucket that
//! is made anew under an old key has another one; so a writer who counts on the bucket that it found, on condition of the
//! epoch that it saw, counts on the bucket that its key belongs to, or is told to look again. A bucket that grows past the
//! limit is split behind a *fence* (see `split`), during which writers wait; one that falls empty is deleted, and the range
//! to its left reaches over its keys.
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
/// How long a fence keeps writers waiting at most: less than their patience.
const FENCE: Duration = Duration::from_secs(2);

/// The counted indexes of a table, to be read.
#[derive(Clone, Copy, Debug)]
pub struct IndexReader<'t> {
    table: &'t Table,
}

/// The counted indexes of a table, to be read and written.
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
    /// What an entry is called in the table.
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

    /// The same with buckets of at most `limit` entries, and fences that stand for so long: for tests.
    #[must_use]
    pub fn with_limits(self, limit: u64, fence: Duration) -> Self {
        Self { limit, fence, ..self }
    }
}
