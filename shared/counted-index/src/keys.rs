//! The keys of an index. Entries and buckets share one partition, and the prefixes of their sort keys tell them apart.

use dynamo::Key;

/// The prefix of each entry's sort key.
pub(crate) const ENTRY_PREFIX: &str = "E#";
/// A sort key above every entry's.
pub(crate) const ENTRIES_END: &str = "E$";
/// The prefix of each bucket's sort key.
pub(crate) const BUCKET_PREFIX: &str = "B#";
/// A sort key above every bucket's.
pub(crate) const BUCKETS_END: &str = "B$";

/// Returns the item key of an entry.
#[must_use]
pub fn entry(partition: &str, key: &str) -> Key {
    Key::new(partition, format!("{ENTRY_PREFIX}{key}"))
}

/// Returns the item key of the bucket whose range begins at `lower`.
pub(crate) fn bucket(partition: &str, lower: &str) -> Key {
    Key::new(partition, format!("{BUCKET_PREFIX}{lower}"))
}
