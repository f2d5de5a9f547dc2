//! The counted index: exact totals and any page, at any depth, with strongly consistent reads.
//!
//! `DynamoDB` can neither skip to row 40,000 nor count rows without reading them. Each order of a collection therefore
//! keeps *buckets* beside its entries. A bucket is a contiguous range of keys with the number of entries in it. The
//! range goes from the bucket's `lower` to the `lower` of the next bucket. An entry and the count of its bucket change
//! in one transaction. The buckets take one Query, and the sum of their counts is the total. A page is one Query from
//! where it begins, in its own direction: from an end, from the key that a page token names, or from the bucket in
//! which the running sum of the counts says that it begins. Counts never limit what is on a page: they are read before
//! it.
//!
//! A big index has a second level: *parents* count the entries of all buckets of a range (see `parent` and `settle`).
//! The Query then reads the parents, and a page that is asked for by its number also the buckets of one of them.
//!
//! Every bucket has an *epoch*, a random text that changes whenever the range shrinks. A bucket that is deleted and
//! created again also gets a new one. A writer changes a count on condition of the epoch that it read:
//!
//! | Writer | Splitter | Buckets |
//! |---|---|---|
//! | reads the bucket for the new key `x` | | `""`: 129 entries, epoch 1 |
//! | | moves the upper half to a new bucket | `""`: 64, epoch 2; `"m"`: 65 |
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
mod outline;
mod page;
mod parent;
mod range;
mod rebuild;
mod segments;
mod settle;
mod split;
mod verify;
mod write;

use std::{ops::Deref, time::Duration};

use dynamo::Table;

pub use bucket::Bucket;
pub use first_buckets::FirstBuckets;
pub use insert_many::{Row, holder};
pub use keys::entry as entry_key;
pub use outline::Outline;
pub use page::Page;
pub use range::{KeyRange, KeyRanges};
pub use rebuild::Rebuilt;
pub use segments::Segments;
pub use verify::{IndexFault, IndexReport};
pub use write::{IndexChanges, IndexWrite, Outcome};

/// Entries that a bucket may hold before it is split.
pub const MAX_BUCKET_ENTRIES: u64 = 128;
/// Buckets that a parent may have before it is cut in two, and that an index may have before it gets parents.
const MAX_PARENT_BUCKETS: usize = 96;
/// Items that the first Query for counts reads at most: the buckets of an index without parents, with room for parents
/// of some 1,200,000 entries. What it reads beyond the parents is wasted.
const OUTLINE_ITEMS: usize = 144;
/// Entries of a usual size in one read unit.
const WORTH_A_CALL: u64 = 26;
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
    /// Items that the first Query for counts reads at most.
    outline_items: usize,
    /// Entries that reading a page from a bucket's far end must save, since it may take another call.
    worth_a_call: u64,
}

/// Reads and writes the counted indexes of a table.
#[derive(Clone, Copy, Debug)]
pub struct CountedIndex<'t> {
    reader: IndexReader<'t>,
    /// Entries that a bucket may hold before it is split.
    max_entries: u64,
    /// Buckets that a parent may have before it is cut in two. It may have as many as there are parents, too.
    max_buckets: usize,
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
        Self { table, outline_items: OUTLINE_ITEMS, worth_a_call: WORTH_A_CALL }
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
        Self {
            reader: IndexReader::new(table),
            max_entries: MAX_BUCKET_ENTRIES,
            max_buckets: MAX_PARENT_BUCKETS,
            fence_lifetime: FENCE_LIFETIME,
        }
    }

    /// Replaces the limits: a bucket is split at more than `max_entries`, a parent at more than `max_buckets`, and a
    /// fence expires after `fence_lifetime`. Reads go by such small sizes too. For tests, which could not fill what has
    /// the usual size.
    #[must_use]
    pub fn with_limits(self, max_entries: u64, max_buckets: usize, fence_lifetime: Duration) -> Self {
        let reader = IndexReader { outline_items: max_buckets + 2, worth_a_call: 0, ..self.reader };
        Self { reader, max_entries, max_buckets, fence_lifetime }
    }
}
