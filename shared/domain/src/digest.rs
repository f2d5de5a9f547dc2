//! SHA-256 as text.

use std::fmt::Write;

use ring::digest::{Context, SHA256};

/// Returns the SHA-256 of these parts in lower-case hex. Each part's length is hashed before it. Otherwise `ab`, `c`
/// and `a`, `bc` would have the same hash.
#[must_use]
pub fn sha256_hex(parts: &[&str]) -> String {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&part.len().to_be_bytes());
        context.update(part.as_bytes());
    }
    context.finish().as_ref().iter().fold(String::new(), |mut hex, byte| {
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
}
