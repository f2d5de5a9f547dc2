use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{Claims, PublicKey, SigningError};

/// The header of every token that one ES256 key signs (RFC 7518, section 3.4), encoded once.
#[derive(Clone, Debug)]
pub struct JwsHeader(String);

impl JwsHeader {
    /// The header of tokens that `key` verifies.
    #[must_use]
    pub fn of(key: &PublicKey) -> Self {
        // RFC 9068, section 2.1: the type keeps an access token from being taken for an ID token.
        Self(base64url(format!(r#"{{"typ":"at+jwt","alg":"ES256","kid":"{}"}}"#, key.kid).as_bytes()))
    }

    /// Writes the header and the claims as the text that is signed (RFC 7515, section 5.1).
    ///
    /// # Errors
    /// The claims can't be written.
    pub fn signing_input(&self, claims: &Claims) -> Result<String, SigningError> {
        let payload = serde_json::to_vec(claims).map_err(SigningError::new)?;
        Ok(format!("{}.{}", self.0, base64url(&payload)))
    }
}

/// Adds the signature to a signing input: a JWS in compact serialization (RFC 7515, section 3.1). The signature is the
/// two numbers of 32 bytes each, one after the other.
#[must_use]
pub fn compact(signing_input: &str, signature: &[u8]) -> String {
    format!("{signing_input}.{}", base64url(signature))
}

pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
