use jsonwebtoken::{Header, decode_header};

/// The kinds of tokens that are taken, where a token says its kind: ID tokens (RFC 7519, section 5.1) and access tokens
/// (RFC 9068, section 2.1). Another kind has another meaning: a `logout+jwt` says that somebody has signed out.
const TYPES: [&str; 2] = ["jwt", "at+jwt"];
/// May stand before a type, and says nothing (RFC 7515, section 4.1.9).
const TYPE_PREFIX: &str = "application/";

/// Reads a token's header; `None` where the token can't be taken, whatever its signature.
pub(super) fn read_header(token: &str) -> Option<Header> {
    let header = decode_header(token).ok()?;
    // No extension is understood here, and one that is critical must be (RFC 7515, section 4.1.11).
    if header.crit.is_some() || !header.typ.as_deref().is_none_or(is_taken) {
        return None;
    }
    Some(header)
}

fn is_taken(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    TYPES.contains(&kind.strip_prefix(TYPE_PREFIX).unwrap_or(&kind))
}
