//! What is wrong with a field: a word for programs, which never changes, and a sentence for people, which may.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::ToSchema;

/// A rule that a field breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FieldError {
    /// The rule, for a program.
    pub code: FieldCode,
    /// The rule, as a person reads it after the field's name.
    pub message: Cow<'static, str>,
}

/// Declares the codes, each with the word that stands for it. Its documentation is its meaning in the catalogue.
macro_rules! field_codes {
    ($($(#[doc = $meaning:literal])+ $code:ident = $word:literal,)+) => {
        /// A rule that a field breaks, as a word that never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum FieldCode {
            $($(#[doc = $meaning])+ $code,)+
        }

        impl FieldCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$code),+];

            /// Returns the word that stands for the code.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => $word,)+
                }
            }

            /// Returns what the code means, as the catalogue says it.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$code => concat!($($meaning),+),)+
                }
            }
        }
    };
}

field_codes! {
    /// The field must be sent.
    Required = "required",
    /// The field has another JSON type than it must have.
    WrongType = "wrong_type",
    /// The text has fewer characters than it must have.
    TooShort = "too_short",
    /// The text has more characters than it may have.
    TooLong = "too_long",
    /// The text holds a control character, such as a line break.
    ControlCharacter = "control_character",
    /// The text holds a character that doesn't show, such as a zero-width space.
    HiddenCharacter = "hidden_character",
    /// The bytes are no UTF-8.
    NotUtf8 = "not_utf8",
    /// The text is no e-mail address.
    InvalidEmail = "invalid_email",
    /// The text is no country code of ISO 3166-1 alpha-2.
    InvalidCountry = "invalid_country",
    /// The text is no code of an active currency of ISO 4217.
    InvalidCurrency = "invalid_currency",
    /// The text is no absolute http or https address.
    InvalidUrl = "invalid_url",
    /// The text is no time of RFC 3339.
    InvalidTime = "invalid_time",
    /// The time has passed.
    NotInFuture = "not_in_future",
    /// The text is no whole number, or one beyond the bounds.
    OutOfRange = "out_of_range",
    /// The text has another form than it must have.
    InvalidFormat = "invalid_format",
    /// The text is none of the values that the field may have.
    NotAllowed = "not_allowed",
    /// The parameter has none of the forms that a filter may have.
    InvalidFilter = "invalid_filter",
    /// There are more of them than there may be.
    TooMany = "too_many",
    /// The request has no such field.
    UnknownField = "unknown_field",
    /// The field is sent more than once.
    Repeated = "repeated",
    /// The field can't be sent together with another one that is sent.
    Conflicting = "conflicting",
    /// The field can't be changed, and was sent with another value than it has.
    ReadOnly = "read_only",
    /// The field can't be removed, and was sent as null.
    NotRemovable = "not_removable",
    /// The value is somebody else's already.
    Taken = "taken",
    /// The owner of the e-mail address belongs to the organization already.
    AlreadyMember = "already_member",
    /// No account has the e-mail address or the user id.
    AccountNotFound = "account_not_found",
    /// The user is not an admin of the organization.
    NotAnAdmin = "not_an_admin",
    /// The user has no role in the organization, and no open invitation into it.
    UserNotFound = "user_not_found",
    /// The user is associated with no customer of the organization.
    NotAssociated = "not_associated",
    /// The organization has no machine credential of this id.
    CredentialNotFound = "credential_not_found",
    /// The organization has no price tier of this name.
    PriceTierNotFound = "price_tier_not_found",
    /// No organization has this code.
    OrganizationNotFound = "organization_not_found",
    /// The account's e-mail address isn't proven yet.
    EmailNotVerified = "email_not_verified",
    /// The user is the organization's last admin.
    LastAdmin = "last_admin",
    /// Customers are on the price tier.
    PriceTierInUse = "price_tier_in_use",
    /// The organization has as many price tiers as it may have.
    PriceTierLimit = "price_tier_limit",
    /// The password is one that everybody tries first, or is made of the person's or organization's name or address.
    PasswordTooCommon = "password_too_common",
    /// The password is not the account's.
    WrongPassword = "wrong_password",
    /// The token of a mailed link is used, void, expired or altered.
    InvalidLink = "invalid_link",
    /// The page token is altered, or of another query or organization.
    InvalidPageToken = "invalid_page_token",
    /// The row of a file has more or fewer cells than the file has columns.
    CellCount = "cell_count",
    /// The row was not done in the time that one call has; sent again, it goes on.
    NotAttempted = "not_attempted",
    /// The list would have to test more rows one by one than one call tests.
    TooManyRows = "too_many_rows",
}

impl FieldCode {
    /// Returns the error of this code that says `message`.
    #[must_use]
    pub fn says(self, message: impl Into<Cow<'static, str>>) -> FieldError {
        FieldError { code: self, message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::FieldCode;

    #[test]
    fn each_code_has_a_word_of_its_own_and_a_meaning() {
        let words: HashSet<_> = FieldCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(words.len(), FieldCode::ALL.len());
        for code in FieldCode::ALL {
            assert!(
                code.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
            );
            assert!(code.meaning().ends_with('.'), "{code:?}");
        }
    }
}
