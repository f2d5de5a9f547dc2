//! The credentials in a request's headers.

use http::{HeaderMap, HeaderName, header};

use crate::{ApiKey, Identity, TokenError, Verifier};

/// The header for an API key or an access token.
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The credentials that a caller presents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// An API key, of which only the form has been checked.
    Key(ApiKey),
    /// The identity that a verified token names.
    Token(Identity),
}

impl Verifier {
    /// Reads the credentials from these headers, and verifies a token. A Bearer token wins over `x-api-key`, even if it
    /// is invalid.
    ///
    /// # Errors
    /// There are no credentials, or the token can't be trusted.
    pub async fn authenticate(&self, headers: &HeaderMap) -> Result<Credentials, TokenError> {
        let token = match bearer(headers) {
            Err(TokenError::Missing) => {
                let value = headers.get(API_KEY).ok_or(TokenError::Missing)?;
                let value = value.to_str().map_err(|_| TokenError::Invalid)?.trim();
                if let Some(key) = ApiKey::parse(value) {
                    return Ok(Credentials::Key(key));
                }
                value
            }
            token => token?,
        };
        Ok(Credentials::Token(self.verify(token).await?.identity.clone()))
    }
}

/// Returns whether a request carries a token or an API key, valid or not.
#[must_use]
pub fn has_credentials(headers: &HeaderMap) -> bool {
    !matches!(bearer(headers), Err(TokenError::Missing)) || headers.contains_key(API_KEY)
}

/// Returns the token of the `Authorization` header (RFC 6750, section 2.1). The scheme's name is compared without case
/// (RFC 9110, section 11.1).
///
/// # Errors
/// There is none, or it is malformed.
pub fn bearer(headers: &HeaderMap) -> Result<&str, TokenError> {
    let value = headers.get(header::AUTHORIZATION).ok_or(TokenError::Missing)?;
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(TokenError::Invalid)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(TokenError::Missing) }
}
