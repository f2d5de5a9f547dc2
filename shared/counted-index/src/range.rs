/// A half-open range of keys: from `from`, inclusive, to `to`, exclusive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// The lower bound, inclusive. The empty key is the lowest.
    pub from: String,
    /// The upper bound, exclusive; `None` for no bound.
    pub to: Option<String>,
}

impl KeyRange {
    /// The range from `from`, inclusive, to `to`, exclusive.
    #[must_use]
    pub fn new(from: String, to: Option<String>) -> Self {
        Self { from, to }
    }

    /// The range of all keys.
    #[must_use]
    pub fn all() -> Self {
        Self::new(String::new(), None)
    }

    fn is_empty(&self) -> bool {
        self.to.as_ref().is_some_and(|to| *to <= self.from)
    }

    /// Returns the range of the keys that are in both, or `None` if there are none.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let from = self.from.clone().max(other.from.clone());
        let to = match (&self.to, &other.to) {
            (Some(one), Some(other)) => Some(one.min(other).clone()),
            (one, other) => one.clone().or_else(|| other.clone()),
        };
        Some(Self { from, to }).filter(|range| !range.is_empty())
    }
}

/// Disjoint ranges in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRanges(Vec<KeyRange>);

impl KeyRanges {
    /// The range of all keys.
    #[must_use]
    pub fn all() -> Self {
        Self(vec![KeyRange::all()])
    }

    /// No range, so no key.
    #[must_use]
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// Collects ranges, which must be disjoint and in ascending order. Empty ones are left out.
    pub fn of(ranges: impl IntoIterator<Item = KeyRange>) -> Self {
        Self(ranges.into_iter().filter(|range| !range.is_empty()).collect())
    }

    /// Returns the ranges of the keys that are in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let pairs = self.0.iter().flat_map(|one| other.0.iter().map(move |other| one.intersection(other)));
        Self(pairs.flatten().collect())
    }

    /// Iterates over the ranges in ascending order.
    pub fn iter(&self) -> std::slice::Iter<'_, KeyRange> {
        self.0.iter()
    }
}

impl<'r> IntoIterator for &'r KeyRanges {
    type Item = &'r KeyRange;
    type IntoIter = std::slice::Iter<'r, KeyRange>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: &str, to: Option<&str>) -> KeyRange {
        KeyRange::new(from.to_owned(), to.map(str::to_owned))
    }

    #[test]
    fn ranges_intersect_in_the_keys_that_both_hold_in_either_order() {
        for (one, other, both) in [
            (range("a", Some("c")), range("b", Some("d")), Some(range("b", Some("c")))),
            (range("a", Some("d")), range("b", Some("c")), Some(range("b", Some("c")))),
            (range("a", None), range("b", Some("c")), Some(range("b", Some("c")))),
            (range("a", None), range("b", None), Some(range("b", None))),
            (KeyRange::all(), range("b", None), Some(range("b", None))),
            (range("a", Some("b")), range("c", Some("d")), None),
        ] {
            assert_eq!(one.intersection(&other), both, "{one:?} and {other:?}");
            assert_eq!(other.intersection(&one), both, "{other:?} and {one:?}");
        }
    }

    #[test]
    fn ranges_that_only_touch_share_no_key() {
        assert_eq!(range("a", Some("b")).intersection(&range("b", Some("c"))), None);
        assert_eq!(range("a", Some("b\u{0}")).intersection(&range("b", None)), Some(range("b", Some("b\u{0}"))));
    }

    #[test]
    fn empty_ranges_are_left_out() {
        let ranges = KeyRanges::of([range("a", Some("a")), range("b", Some("c")), range("e", Some("d"))]);
        assert_eq!(ranges, KeyRanges(vec![range("b", Some("c"))]));
        assert_eq!(KeyRanges::none().intersection(&KeyRanges::all()), KeyRanges::none());
    }

    #[test]
    fn sets_of_ranges_intersect_piece_by_piece_and_stay_in_order() {
        let one = KeyRanges::of([range("a", Some("d")), range("f", Some("k")), range("m", None)]);
        let other = KeyRanges::of([range("b", Some("c")), range("g", Some("h")), range("i", Some("n"))]);
        let both = [("b", "c"), ("g", "h"), ("i", "k"), ("m", "n")].map(|(from, to)| range(from, Some(to)));
        assert_eq!(one.intersection(&other), KeyRanges(both.into()));
        assert_eq!(one.intersection(&KeyRanges::all()), one);
    }
}
