//! When something ends, as a caller says it.

use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    clock::now,
    field_error::{FieldCode, FieldError},
};

const NO_TIME: &str = "must be a time such as 2027-01-31T12:00:00Z (RFC 3339)";

/// A time in the future, in whole seconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Expiry(u64);

impl Expiry {
    /// Parses a time with its offset (RFC 3339, section 5.6). A fraction of a second is cut off.
    ///
    /// # Errors
    /// The text is no such time, or the time has passed.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let seconds = PointInTime::parse(text)?.seconds();
        if seconds > now() { Ok(Self(seconds)) } else { Err(FieldCode::NotInFuture.says("must be in the future")) }
    }

    /// Returns the time in seconds since the epoch.
    #[must_use]
    pub fn seconds(self) -> u64 {
        self.0
    }
}

/// A time, past or future, in whole seconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PointInTime(u64);

impl PointInTime {
    /// Parses a time with its offset (RFC 3339, section 5.6). A fraction of a second is cut off, and a time before 1970
    /// is taken for its beginning.
    ///
    /// # Errors
    /// The text is no such time.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let at = OffsetDateTime::parse(text.trim(), &Rfc3339).map_err(|_| FieldCode::InvalidTime.says(NO_TIME))?;
        Ok(Self(u64::try_from(at.unix_timestamp()).unwrap_or_default()))
    }

    /// Returns the time in seconds since the epoch.
    #[must_use]
    pub fn seconds(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Expiry, FieldError> {
        Expiry::parse(text)
    }

    #[test]
    fn a_time_is_read_with_its_offset() {
        assert_eq!(parse(" 2100-01-01T01:00:00.9+01:00 "), Ok(Expiry(4_102_444_800)));
        assert_eq!(parse("2100-01-01t00:00:00z"), Ok(Expiry(4_102_444_800)));
    }

    #[test]
    fn what_is_no_time_or_has_passed_is_refused() {
        for text in ["", "tomorrow", "2100-01-01", "2100-01-01T00:00:00", "2100-02-30T00:00:00Z", "4102444800"] {
            assert_eq!(parse(text), Err(FieldCode::InvalidTime.says(NO_TIME)), "{text}");
        }
        for text in ["2020-01-01T00:00:00Z", "1960-01-01T00:00:00Z"] {
            assert_eq!(parse(text), Err(FieldCode::NotInFuture.says("must be in the future")), "{text}");
        }
    }
}
