//! SHA-256 as text.

use std::fmt::Write;

use ring::digest::{Context, Digest, SHA256, digest};

/// Returns the SHA-256 of these parts in lower-case hex. Each part's length is hashed before it. Otherwise `ab`, `c`
/// and `a`, `bc` would have the same hash.
#[must_use]
pub fn sha256_hex(parts: &[&str]) -> String {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&part.len().to_be_bytes());
        context.update(part.as_bytes());
    }
    hex(&context.finish())
}

/// Returns the SHA-256 of a text's bytes in lower-case hex, as other programs compute it.
#[must_use]
pub fn sha256_hex_of(text: &str) -> String {
    hex(&digest(&SHA256, text.as_bytes()))
}

fn hex(digest: &Digest) -> String {
    digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_dont_run_into_each_other() {
        assert_eq!(sha256_hex(&["a"]).len(), 64);
        assert_ne!(sha256_hex(&["ab", "c"]), sha256_hex(&["a", "bc"]));
        assert_eq!(sha256_hex(&["ab", "c"]), sha256_hex(&["ab", "c"]));
    }

    /// The first example of FIPS 180-2, appendix B.1.
    #[test]
    fn a_text_has_the_hash_that_the_standard_says() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_hex_of("abc"), expected);
    }
}
