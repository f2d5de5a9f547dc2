/// Keys from `from`, itself included, up to `to`, itself excluded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// The first key that may be in it; empty for the lowest of all.
    pub from: String,
    /// The first key beyond it; `None` for no end.
    pub to: Option<String>,
}

impl KeyRange {
    /// From `from`, itself included, up to `to`, itself excluded.
    #[must_use]
    pub fn new(from: String, to: Option<String>) -> Self {
        Self { from, to }
    }

    /// Every key.
    #[must_use]
    pub fn all() -> Self {
        Self::new(String::new(), None)
    }

    fn is_empty(&self) -> bool {
        self.to.as_ref().is_some_and(|to| *to <= self.from)
    }

    /// The keys that are in both.
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

/// Disjoint ranges from the lowest to the highest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRanges(Vec<KeyRange>);

impl KeyRanges {
    /// Every key.
    #[must_use]
    pub fn all() -> Self {
        Self(vec![KeyRange::all()])
    }

    /// No key.
    #[must_use]
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// These, which are disjoint and in order; empty ones are left out.
    pub fn of(ranges: impl IntoIterator<Item = KeyRange>) -> Self {
        Self(ranges.into_iter().filter(|range| !range.is_empty()).collect())
    }

    /// The keys that are in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let pairs = self.0.iter().flat_map(|one| other.0.iter().map(move |other| one.intersection(other)));
        Self(pairs.flatten().collect())
    }

    /// The ranges from the lowest to the highest.
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
