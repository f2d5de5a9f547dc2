//! What a request's headers present.

use http::{HeaderMap, HeaderName, header};

use crate::{ApiKey, Identity, TokenError, Verifier};

/// Carries an API key, or an access token.
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What a caller presents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// An API key. Nothing of it has been checked but its form.
    Key(ApiKey),
    /// What a verified token says.
    Token(Identity),
}

impl Verifier {
    /// What these headers present, a token verified. A Bearer token wins over `x-api-key`, also where it is invalid.
    ///
    /// # Errors
    /// There is nothing, or a token that can't be trusted.
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

/// Whether a request carries a token or a key, good or bad.
#[must_use]
pub fn has_credentials(headers: &HeaderMap) -> bool {
    !matches!(bearer(headers), Err(TokenError::Missing)) || headers.contains_key(API_KEY)
}

/// The token of the `Authorization` header (RFC 6750, section 2.1); the scheme's name is read without case (RFC 9110).
///
/// # Errors
/// There is none, or it is malformed.
pub fn bearer(headers: &HeaderMap) -> Result<&str, TokenError> {
    let value = headers.get(header::AUTHORIZATION).ok_or(TokenError::Missing)?;
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(TokenError::Invalid)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(TokenError::Missing) }
}
