//! The keys of an index. Parents, buckets and entries share one partition, and the prefixes of their sort keys tell
//! them apart. Parents come just before buckets, so that one Query reads both.

use dynamo::Key;

/// The prefix of each parent's sort key.
pub(crate) const PARENT_PREFIX: &str = "A#";
/// A sort key above every parent's.
pub(crate) const PARENTS_END: &str = "A$";
/// The prefix of each bucket's sort key.
pub(crate) const BUCKET_PREFIX: &str = "B#";
/// A sort key above every bucket's.
pub(crate) const BUCKETS_END: &str = "B$";
/// The prefix of each entry's sort key.
pub(crate) const ENTRY_PREFIX: &str = "E#";
/// A sort key above every entry's.
pub(crate) const ENTRIES_END: &str = "E$";

/// Returns the item key of an entry.
#[must_use]
pub fn entry(partition: &str, key: &str) -> Key {
    Key::new(partition, format!("{ENTRY_PREFIX}{key}"))
}

/// Returns the item key of the bucket whose range begins at `lower`.
pub(crate) fn bucket(partition: &str, lower: &str) -> Key {
    Key::new(partition, format!("{BUCKET_PREFIX}{lower}"))
}

/// Returns the item key of the parent whose range begins at `lower`.
pub(crate) fn parent(partition: &str, lower: &str) -> Key {
    Key::new(partition, format!("{PARENT_PREFIX}{lower}"))
}

/// Returns the shortest text that is above `left` and not above `right`, which is itself above `left`. Bounds between
/// keys are cut so, because every reader of buckets pays for their length.
pub(crate) fn separator(left: &str, right: &str) -> String {
    let ends = right.char_indices().map(|(start, character)| start + character.len_utf8());
    ends.map(|end| &right[..end]).find(|prefix| *prefix > left).unwrap_or(right).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_separator_is_the_shortest_text_above_the_left_key_and_not_above_the_right_one() {
        for (left, right, between) in [
            ("kp_aab", "kp_ccc", "kp_c"),
            ("a", "ab", "ab"),
            ("ab", "b", "b"),
            ("C-1\u{1f}x", "C-10\u{1f}a", "C-10"),
            ("C-1\u{1f}x", "C-1\u{1f}ya", "C-1\u{1f}y"),
            ("é", "ü", "ü"),
            ("", "xyz", "x"),
        ] {
            let separator = separator(left, right);
            assert_eq!(separator, between);
            assert!(left < separator.as_str() && separator.as_str() <= right);
        }
    }
}
