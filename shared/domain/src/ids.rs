//! Typed identifiers. A request's identifiers are parsed before anything uses them, so that no key is built from
//! unchecked text.

use std::fmt;

use rand::random_range;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const HEX: &[u8; 16] = b"0123456789abcdef";
const BASE36: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Returns `length` random characters of `alphabet`. The generator is cryptographic and seeded by the operating system.
fn random_text(alphabet: &[u8], length: usize) -> String {
    (0..length).map(|_| char::from(alphabet[random_range(0..alphabet.len())])).collect()
}

fn is_text_of(alphabet: &[u8], length: usize, text: &str) -> bool {
    text.len() == length && text.bytes().all(|byte| alphabet.contains(&byte))
}

/// Returns a random identifier of `length` characters of `a-z0-9`. 24 characters hold 124 bits.
#[must_use]
pub fn random_id(length: usize) -> String {
    random_text(BASE36, length)
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        $(#[$doc])*
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// Returns the identifier as callers see it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = &'static str;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text).ok_or(concat!("not a ", stringify!($name)))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

identifier! {
    /// An organization: 24 lower-case hex digits.
    #[schema(pattern = "^[0-9a-f]{24}$", examples("5f2b9c0e7d1a4b6c8e0f1a2b"))]
    OrganizationId
}

identifier! {
    /// A user's account: `kp_` and 24 characters of `a-z0-9`.
    #[schema(pattern = "^kp_[0-9a-z]{24}$", examples("kp_4l1x0zq8w7c2m5n9b3v6a1s0"))]
    UserId
}

identifier! {
    /// An organization's code for identity providers: `org_`, at most 20 ASCII letters and digits of its first name,
    /// and eight random characters of `a-z0-9`.
    #[schema(pattern = "^org_[0-9a-z]{8,28}$", examples("org_acmegmbh0k3j9x2q"))]
    OrganizationCode
}

identifier! {
    /// A machine credential: `client_` and 24 characters of `a-z0-9`.
    #[schema(pattern = "^client_[0-9a-z]{24}$", examples("client_7h2k9d4s6f8g1j3l5q0w2e4r"))]
    ClientId
}

identifier! {
    /// An invitation: `inv_` and 24 characters of `a-z0-9`.
    #[schema(pattern = "^inv_[0-9a-z]{24}$", examples("inv_3m8s1f6k9d2g5h7j0q4w6e8r"))]
    InvitationId
}

identifier! {
    /// A link in a mail: 24 characters of `a-z0-9`.
    LinkId
}

impl LinkId {
    /// Generates an identifier.
    #[must_use]
    pub fn random() -> Self {
        Self(random_text(BASE36, 24))
    }

    /// Parses an identifier. Returns `None` if `text` has another form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_text_of(BASE36, 24, text).then(|| Self(text.to_owned()))
    }
}

impl InvitationId {
    /// Generates an identifier.
    #[must_use]
    pub fn random() -> Self {
        Self(format!("inv_{}", random_text(BASE36, 24)))
    }

    /// Parses an identifier. Returns `None` if `text` has another form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_text_of(BASE36, 24, text.strip_prefix("inv_")?).then(|| Self(text.to_owned()))
    }
}

impl ClientId {
    /// Generates an identifier.
    #[must_use]
    pub fn random() -> Self {
        Self(format!("client_{}", random_text(BASE36, 24)))
    }

    /// Parses an identifier. Returns `None` if `text` has another form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_text_of(BASE36, 24, text.strip_prefix("client_")?).then(|| Self(text.to_owned()))
    }
}

impl OrganizationId {
    /// Generates an identifier.
    #[must_use]
    pub fn random() -> Self {
        Self(random_text(HEX, 24))
    }

    /// Parses an identifier. Returns `None` if `text` is not 24 lower-case hex digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_text_of(HEX, 24, text).then(|| Self(text.to_owned()))
    }
}

impl UserId {
    /// Generates an identifier.
    #[must_use]
    pub fn random() -> Self {
        Self(format!("kp_{}", random_text(BASE36, 24)))
    }

    /// Parses an identifier. Returns `None` if `text` has another form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_text_of(BASE36, 24, text.strip_prefix("kp_")?).then(|| Self(text.to_owned()))
    }
}

impl OrganizationCode {
    /// Generates a code for an organization of this name.
    #[must_use]
    pub fn random(name: &str) -> Self {
        let letters = name.chars().filter(char::is_ascii_alphanumeric).take(20);
        let letters: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
        Self(format!("org_{letters}{}", random_text(BASE36, 8)))
    }

    /// Parses an identifier. Returns `None` if `text` has another form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("org_")?;
        (8..=28).contains(&rest.len()).then_some(())?;
        is_text_of(BASE36, rest.len(), rest).then(|| Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_new_identifier_parses_and_differs_from_the_last() {
        assert_ne!(UserId::random(), UserId::random());
        assert!(UserId::parse(UserId::random().as_str()).is_some());
        assert!(OrganizationId::parse(OrganizationId::random().as_str()).is_some());
        for name in ["Acme GmbH & Co. KG, a name beyond twenty letters", "日本", ""] {
            let code = OrganizationCode::random(name);
            assert_eq!(OrganizationCode::parse(code.as_str()), Some(code));
        }
    }

    #[test]
    fn a_code_keeps_twenty_ascii_letters_of_the_name_in_lower_case() {
        let code = OrganizationCode::random("Ünï-Acme 42 Gesellschaft mbH International");
        assert!(code.as_str().starts_with("org_nacme42gesellschaftm"), "{code}");
        assert_eq!(code.as_str().len(), "org_".len() + 20 + 8);
        assert_eq!(OrganizationCode::random("日本").as_str().len(), "org_".len() + 8);
    }

    #[test]
    fn an_identifier_of_another_form_is_refused() {
        for text in ["", "kp_", "kp_ABCDEFGHIJKLMNOPQRSTUVWX", "kp_0123456789abcdef01234567#ADMIN", "ADMIN#kp_x"] {
            assert_eq!(UserId::parse(text), None, "{text}");
        }
        for text in ["", "org_", "org_short", "ORG_abcdefgh", "org_abcdefg#", "org_aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
            assert_eq!(OrganizationCode::parse(text), None, "{text}");
        }
    }
}
