use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
use utoipa::ToSchema;

use super::{EmailAddress, fold};
use crate::field_error::{FieldCode, FieldError};

/// A new password: 8 to 128 characters in NFC, and otherwise used as sent (RFC 8265). Only its hash is stored.
#[derive(Clone, ToSchema)]
#[schema(value_type = String, min_length = 8, max_length = 128, format = "password")]
pub struct NewPassword(String);

impl NewPassword {
    /// Parses a password that a caller sent, and checks its length.
    ///
    /// # Errors
    /// The length is out of bounds.
    pub fn parse(text: String) -> Result<Self, FieldError> {
        let text = match normalized_password(&text) {
            Cow::Owned(normalized) => normalized,
            Cow::Borrowed(_) => text,
        };
        let length = "must have 8 to 128 characters";
        match text.chars().count() {
            0..8 => Err(FieldCode::TooShort.says(length)),
            8..=128 => Ok(Self(text)),
            _ => Err(FieldCode::TooLong.says(length)),
        }
    }

    /// Checks the one rule that needs two fields: the password must not be the e-mail address.
    ///
    /// # Errors
    /// The password is the e-mail address.
    pub fn differs_from(&self, email: &EmailAddress) -> Result<(), FieldError> {
        if fold(&self.0) == fold(email.as_str()) {
            return Err(FieldCode::PasswordTooCommon.says("must not be the e-mail address"));
        }
        Ok(())
    }

    /// Returns the password itself, to be hashed or compared.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Returns a password in NFC, in which passwords are hashed: keyboards of one system write `ü` as one character, and
/// those of another as two.
#[must_use]
pub fn normalized_password(password: &str) -> Cow<'_, str> {
    match is_nfc_quick(password.chars()) {
        IsNormalized::Yes => Cow::Borrowed(password),
        _ => Cow::Owned(password.nfc().collect()),
    }
}

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewPassword(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_taken_as_it_is_but_for_its_normalization_and_never_shown() {
        assert_eq!(NewPassword::parse("  pass\u{0}word ".to_owned()).unwrap().expose(), "  pass\u{0}word ");
        assert_eq!(NewPassword::parse("pa\u{df}wu\u{308}rter".to_owned()).unwrap().expose(), "paßwürter");
        assert!(NewPassword::parse("u\u{308}".repeat(7)).is_err());
        assert!(NewPassword::parse("1234567".to_owned()).is_err());
        assert!(NewPassword::parse("x".repeat(129)).is_err());
        assert_eq!(format!("{:?}", NewPassword::parse("12345678".to_owned()).unwrap()), "NewPassword(…)");
        let address = EmailAddress::parse("ada@acme.example".to_owned()).unwrap();
        assert!(NewPassword::parse("ADA@acme.example".to_owned()).unwrap().differs_from(&address).is_err());
        assert!(NewPassword::parse("ada@acme.examplf".to_owned()).unwrap().differs_from(&address).is_ok());
    }
}
