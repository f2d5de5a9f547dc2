use std::sync::Arc;

use jsonwebtoken::{Algorithm, Validation, decode, decode_header, errors::ErrorKind};

use super::{Claims, KeySet};
use crate::table;

/// Why a request's token doesn't let it in.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// There is none.
    #[error("no access token")]
    Missing,
    /// It is malformed, wrongly signed, from another issuer or for another audience.
    #[error("the access token can't be used")]
    Invalid,
    /// It has ended.
    #[error("the access token has expired")]
    Expired,
    /// It is good, and doesn't hold the admin role of an organization.
    #[error("the access token doesn't hold the admin role")]
    NotAdmin,
    /// It is good, and of a kind that is never enriched.
    #[error("the access token is of a kind that is never enriched")]
    NotEnrichable,
    /// It is good, and not asked for by the owner of an account.
    #[error("the access token was not asked for by an account's owner")]
    NotOwner,
    /// It is a machine's, and only a person may do this.
    #[error("the caller is a machine")]
    Machine,
    /// It is another issuer's, and good, but names no address that the issuer has verified.
    #[error("the issuer has not verified an address")]
    Unverified,
    /// The key set of its issuer is out of reach: nobody knows whether it is good.
    #[error("the key set of the token's issuer is out of reach")]
    Unreachable,
    /// Its key could not be looked up.
    #[error(transparent)]
    Table(#[from] table::Error),
}

/// Verifies tokens: ES256 alone, by a key of the table, our issuer, our audience, not ended. No leeway: tokens are made
/// and verified by one fleet's clocks.
#[derive(Clone, Debug)]
pub struct Verifier {
    keys: KeySet,
    validation: Arc<Validation>,
}

impl Verifier {
    /// A verifier of `issuer`'s tokens for `audience`.
    #[must_use]
    pub fn new(keys: KeySet, issuer: &str, audience: &str) -> Self {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = 0;
        Self { keys, validation: Arc::new(validation) }
    }

    /// The keys that it verifies by.
    #[must_use]
    pub fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// What `token` says, once it is verified.
    ///
    /// # Errors
    /// Why it can't be trusted.
    pub async fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        let header = decode_header(token).map_err(|_| TokenError::Invalid)?;
        let kid = header.kid.filter(|_| header.alg == Algorithm::ES256).ok_or(TokenError::Invalid)?;
        let key = self.keys.decoding_key(&kid).await?.ok_or(TokenError::Invalid)?;
        match decode(token, &key, &self.validation) {
            Ok(token) => Ok(token.claims),
            Err(error) if matches!(error.kind(), ErrorKind::ExpiredSignature) => Err(TokenError::Expired),
            Err(_) => Err(TokenError::Invalid),
        }
    }
}
