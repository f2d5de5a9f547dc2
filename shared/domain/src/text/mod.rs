//! Values that callers send. They are checked when they are parsed: a value of such a type meets the contract's rules.
//!
//! Every text is trimmed and normalized to Unicode's NFC (UAX #15). Lengths are counted in characters after that.

/// Declares a value: a text that is checked when it is parsed.
macro_rules! value {
    ($(#[$doc:meta])* $name:ident, $parse:expr) => {
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        $(#[$doc])*
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Parses a value that a caller sent.
            ///
            /// # Errors
            /// The rule that the value breaks, as a caller reads it.
            pub fn parse(text: String) -> Result<Self, FieldError> {
                let parse: fn(String) -> Result<String, FieldError> = $parse;
                parse(text).map(Self)
            }

            /// Returns the value as it is stored and answered.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

mod contact;
mod currency_code;
mod customer_number;
mod email_address;
mod name;
mod password;
mod printable;

pub use contact::{AddressLine, CountryCode, PhoneNumber, Website};
pub use currency_code::CurrencyCode;
pub use customer_number::CustomerNumber;
pub use email_address::{EmailAddress, FoldedAddress, with_ascii_domain};
pub use name::{CompanyName, CredentialName, OrganizationName, PersonName, TierName};
pub use password::{NewPassword, normalized_password};

use unicase::UniCase;
use unicode_normalization::UnicodeNormalization;

use crate::field_error::{FieldCode, FieldError};

const CONTROL_ERROR: &str = "must not hold control characters";

/// Trims and normalizes `text`, and checks that it has `min..=max` characters, none of them a control character.
///
/// # Errors
/// The rule that the text breaks.
pub fn bounded(text: &str, min: usize, max: usize) -> Result<String, FieldError> {
    let text: String = text.trim().nfc().collect();
    let length = text.chars().count();
    // Unicode's own line breaks are refused too. A name may be part of a mail's subject, which is one line.
    if text.chars().any(|character| character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')) {
        Err(FieldCode::ControlCharacter.says(CONTROL_ERROR))
    } else if length < min {
        Err(FieldCode::TooShort.says(format!("must have {min} to {max} characters")))
    } else if length > max {
        Err(too_long(max))
    } else {
        Ok(text)
    }
}

fn too_long(max: usize) -> FieldError {
    FieldCode::TooLong.says(format!("must have at most {max} characters"))
}

/// Folds a text so that two texts are equal without case exactly if their folded texts are equal. This is Unicode's
/// canonical caseless matching (The Unicode Standard, D145): `STRASSE` and `straße` match in any composition.
#[must_use]
pub fn fold(text: &str) -> String {
    let decomposed: String = text.trim().nfd().collect();
    UniCase::unicode(decomposed).to_folded_case().nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_trimmed_and_composed_before_they_are_counted() {
        assert_eq!(bounded("  U\u{308}ni  ", 1, 3), Ok("Üni".to_owned()));
        assert_eq!(bounded(&"ü".repeat(200), 1, 200), Ok("ü".repeat(200)));
        assert_eq!(bounded(" \t ", 1, 200), Err(FieldCode::TooShort.says("must have 1 to 200 characters")));
        assert_eq!(bounded(&"x".repeat(201), 1, 200), Err(FieldCode::TooLong.says("must have at most 200 characters")));
        for control in ["a\u{0}b", "a\nb", "a\u{7f}b", "a\u{9f}b"] {
            assert_eq!(bounded(control, 1, 200), Err(FieldCode::ControlCharacter.says(CONTROL_ERROR)), "{control:?}");
        }
    }

    #[test]
    fn names_that_differ_in_case_or_composition_alone_fold_to_one() {
        for (one, other) in
            [("Acme", "aCME"), ("STRASSE", "straße"), ("Üni", "u\u{308}NI"), ("ΌΣΟΣ", "όσος"), (" a ", "A")]
        {
            assert_eq!(fold(one), fold(other), "{one} and {other}");
        }
        assert_ne!(fold("acme"), fold("acmé"));
    }
}
