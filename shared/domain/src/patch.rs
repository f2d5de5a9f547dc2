//! Changes of fields that may be absent.

/// The change of one field by a merge patch (RFC 7396).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Patch<T> {
    /// Keeps the field as it is.
    Keep,
    /// Removes the field.
    Remove,
    /// Sets the field.
    Set(T),
}

impl<T> Patch<T> {
    /// Applies the change to a field that was `old`.
    #[must_use]
    pub fn over(self, old: Option<T>) -> Option<T> {
        match self {
            Self::Keep => old,
            Self::Remove => None,
            Self::Set(new) => Some(new),
        }
    }
}
