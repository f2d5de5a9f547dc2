//! The keys of an index: entries and buckets lie in one partition, whose sort keys tell them apart.

use dynamo::Key;

/// Where the sort key of each entry begins.
pub(crate) const ENTRY_PREFIX: &str = "E#";
/// Beyond every entry.
pub(crate) const ENTRIES_END: &str = "E$";
/// Where the sort key of each bucket begins.
pub(crate) const BUCKET_PREFIX: &str = "B#";
/// Beyond every bucket.
pub(crate) const BUCKETS_END: &str = "B$";

/// The address of an entry.
#[must_use]
pub fn entry(partition: &str, key: &str) -> Key {
    Key::new(partition, format!("{ENTRY_PREFIX}{key}"))
}

/// The address of a bucket whose range begins at `lower`.
pub(crate) fn bucket(partition: &str, lower: &str) -> Key {
    Key::new(partition, format!("{BUCKET_PREFIX}{lower}"))
}
