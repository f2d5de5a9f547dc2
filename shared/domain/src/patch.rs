//! Changes of fields that may be absent.

/// What a merge patch says of a field (RFC 7396).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Patch<T> {
    /// Nothing: it stays.
    Keep,
    /// It goes.
    Remove,
    /// It becomes this.
    Set(T),
}

impl<T> Patch<T> {
    /// What becomes of a field that was `old`.
    #[must_use]
    pub fn over(self, old: Option<T>) -> Option<T> {
        match self {
            Self::Keep => old,
            Self::Remove => None,
            Self::Set(new) => Some(new),
        }
    }
}
