use std::fmt;

use domain::{digest::sha256_hex_of, ids::random_id};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// The prefix of every operator key, by which scanners for leaked secrets recognize one.
const PREFIX: &str = "opkey_";
/// 50 characters of `a-z0-9` hold 258 bits.
const SECRET_LENGTH: usize = 50;
/// Hex digits of a SHA-256.
const HASH_LENGTH: usize = 64;

/// A key of the platform's operator, shown once to whoever makes it.
pub struct OperatorKey(String);

impl OperatorKey {
    /// Generates a key.
    #[must_use]
    pub fn random() -> Self {
        Self(format!("{PREFIX}{}", random_id(SECRET_LENGTH)))
    }

    /// Returns the key itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the key's entry in the configuration: its name and its hash. A key of 258 random bits needs no slow hash.
    #[must_use]
    pub fn entry(&self, name: &str) -> String {
        format!("{name}={}", sha256_hex_of(&self.0))
    }
}

impl fmt::Debug for OperatorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OperatorKey")
    }
}

/// The operator keys that a deployment takes: a name and a hash of each.
#[derive(Clone, Debug, Default)]
pub struct OperatorKeys(Vec<(String, String)>);

impl OperatorKeys {
    /// Parses `name=hash` pairs, separated by commas or spaces. A hash is the SHA-256 of a key in hex.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let entries = text.split([',', ' ', '\n']).filter(|entry| !entry.is_empty());
        let mut keys: Vec<(String, String)> = Vec::new();
        for entry in entries {
            let (name, hash) = entry.split_once('=').ok_or("must be pairs of name=hash, separated by commas")?;
            if !Self::is_name(name) {
                return Err("must name each key by 1 to 40 characters of a-z, 0-9, '_' and '-'");
            }
            let hash = hash.to_ascii_lowercase();
            if hash.len() != HASH_LENGTH || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err("must have the SHA-256 of each key, in 64 hex digits");
            }
            if keys.iter().any(|(known, _)| known == name) {
                return Err("must have each name once");
            }
            keys.push((name.to_owned(), hash));
        }
        Ok(Self(keys))
    }

    /// Returns whether a key may be called so.
    #[must_use]
    pub fn is_name(name: &str) -> bool {
        let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
        (1..=40).contains(&name.len()) && name.bytes().all(is_allowed)
    }

    /// Returns whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the name of the key that a caller presents, or `None` if it is none of these. Takes as long whichever it
    /// is: every hash is compared, to its end.
    #[must_use]
    pub fn name_of(&self, presented: &str) -> Option<&str> {
        let hash = sha256_hex_of(presented);
        let mut found = u64::MAX;
        for (index, (_, known)) in (0..).zip(&self.0) {
            let is_equal: Choice = known.as_bytes().ct_eq(hash.as_bytes());
            found.conditional_assign(&index, is_equal);
        }
        self.0.get(usize::try_from(found).ok()?).map(|(name, _)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_entry_and_any_other_is_not() {
        let (ci, ops) = (OperatorKey::random(), OperatorKey::random());
        let keys = OperatorKeys::parse(&format!("{}, {}", ci.entry("ci"), ops.entry("ops"))).unwrap();
        assert_eq!(keys.name_of(ci.expose()), Some("ci"));
        assert_eq!(keys.name_of(ops.expose()), Some("ops"));
        for other in ["", &OperatorKey::random().0, &ci.expose()[1..], &ops.entry("ops")] {
            assert_eq!(keys.name_of(other), None, "{other}");
        }
        assert!(OperatorKeys::parse("").unwrap().is_empty());
    }

    #[test]
    fn entries_that_are_none_are_refused() {
        let hash = "0".repeat(64);
        for (text, fault) in [
            (hash.clone(), "must be pairs of name=hash, separated by commas"),
            (format!("Ops={hash}"), "must name each key by 1 to 40 characters of a-z, 0-9, '_' and '-'"),
            (format!("={hash}"), "must name each key by 1 to 40 characters of a-z, 0-9, '_' and '-'"),
            ("ops=00".to_owned(), "must have the SHA-256 of each key, in 64 hex digits"),
            (format!("ops={}", "g".repeat(64)), "must have the SHA-256 of each key, in 64 hex digits"),
            (format!("ops={hash},ops={hash}"), "must have each name once"),
        ] {
            assert_eq!(OperatorKeys::parse(&text).err(), Some(fault), "{text}");
        }
    }
}
