//! The languages that mails have.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::field_error::{FieldCode, FieldError};

/// A language that mails have, by its code (BCP 47).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum Language {
    /// English, which stands in where nobody says another language.
    #[default]
    #[serde(rename = "en")]
    English,
    /// German.
    #[serde(rename = "de")]
    German,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// Returns the language's code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// Returns the language of a code, read without case, or `None` if mails don't have it.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(code))
    }

    /// Parses what a caller sent.
    ///
    /// # Errors
    /// Mails don't have the language.
    pub fn parse_field(text: &str) -> Result<Self, FieldError> {
        Self::of_code(text.trim()).ok_or_else(|| {
            let codes = Self::ALL.map(Self::code).join(", ");
            FieldCode::NotAllowed.says(format!("must be one of {codes}"))
        })
    }

    /// Returns the language that a browser's `Accept-Language` prefers among these (RFC 9110, section 12.5.4), or `None`
    /// if it asks for none of them. A language of a region, as `de-AT`, counts as the language.
    #[must_use]
    pub fn preferred_by(accept_language: &str) -> Option<Self> {
        let mut best = None;
        for range in accept_language.split(',') {
            let (range, weight) = range.split_once(';').unwrap_or((range, "q=1"));
            let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
            let code = range.trim().split('-').next().unwrap_or_default();
            let (Some(language), Some(weight)) = (Self::of_code(code), weight) else { continue };
            if weight > best.map_or(0.0, |(_, weight)| weight) {
                best = Some((language, weight));
            }
        }
        best.map(|(language, _)| language)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_gets_the_language_that_it_prefers_among_those_that_there_are() {
        for (accepts, expected) in [
            ("de", Some(Language::German)),
            ("de-AT,en;q=0.8", Some(Language::German)),
            ("fr, en;q=0.5, de;q=0.7", Some(Language::German)),
            ("en-GB,de;q=0.9", Some(Language::English)),
            ("DE", Some(Language::German)),
            ("de;q=0, en;q=0.1", Some(Language::English)),
            ("fr", None),
            ("*", None),
            ("", None),
            ("de;q=x", None),
        ] {
            assert_eq!(Language::preferred_by(accepts), expected, "{accepts}");
        }
    }
}
