use std::fmt;

use hkdf::Hkdf;
use p256::{SecretKey, pkcs8::EncodePrivateKey};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use sha2::Sha256;

use crate::{Claims, JwsHeader, PublicKey, compact};

/// A token can't be signed, or there is no such key: a defect.
#[derive(Debug, thiserror::Error)]
#[error("the signing key: {0}")]
pub struct SigningError(String);

impl SigningError {
    pub(crate) fn new(cause: impl fmt::Display) -> Self {
        Self(cause.to_string())
    }
}

/// An ES256 key pair, which signs tokens (RFC 7518, section 3.4).
pub struct SigningKey {
    public: PublicKey,
    private: EcdsaKeyPair,
    header: JwsHeader,
}

impl SigningKey {
    /// Derives the key pair from a secret text. HKDF-SHA-256 (RFC 5869) yields candidates until one is a scalar of
    /// P-256. All but one in four billion candidates are.
    ///
    /// # Errors
    /// All 256 candidates were refused, which is a defect: by chance it does not happen.
    pub fn derive(secret: &str) -> Result<Self, SigningError> {
        let hkdf = Hkdf::<Sha256>::new(Some(b"organizations-api"), secret.as_bytes());
        for counter in 0..=u8::MAX {
            let mut candidate = [0; 32];
            hkdf.expand_multi_info(&[b"es256/1/", &[counter]], &mut candidate).map_err(SigningError::new)?;
            if let Ok(secret) = SecretKey::from_slice(&candidate) {
                return Self::new(&secret);
            }
        }
        Err(SigningError::new("every candidate was refused"))
    }

    fn new(secret: &SecretKey) -> Result<Self, SigningError> {
        // Computing the public point is most of the work at start. The PKCS #8 document holds it, and `ring` reads it
        // from there, so that it is computed once.
        let document = secret.to_pkcs8_der().map_err(SigningError::new)?;
        let random = SystemRandom::new();
        let private = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_bytes(), &random)
            .map_err(SigningError::new)?;
        let public = PublicKey::of_point(private.public_key().as_ref())?;
        Ok(Self { header: JwsHeader::of(&public), public, private })
    }

    /// Returns the public half. Deriving a key does not publish it.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs the claims as a JWS in compact serialization (RFC 7515, section 3.1). `jsonwebtoken` is not used, because
    /// it parses and checks the key again for each token, which takes two thirds of the time of a signature.
    ///
    /// # Errors
    /// The claims can't be written, or the system has no random numbers.
    pub fn sign(&self, claims: &Claims) -> Result<String, SigningError> {
        let input = self.header.signing_input(claims)?;
        let signature = self.private.sign(&SystemRandom::new(), input.as_bytes()).map_err(SigningError::new)?;
        Ok(compact(&input, signature.as_ref()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.public.kid).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a secret of thirty-two characters";

    #[test]
    fn one_secret_gives_one_key_and_another_gives_another() {
        let key = SigningKey::derive(SECRET).unwrap();
        assert_eq!(key.public, SigningKey::derive(SECRET).unwrap().public);
        assert_ne!(key.public.kid, SigningKey::derive("another secret of as many characters").unwrap().public.kid);
        // A change of the derivation would invalidate every token of every deployment.
        assert_eq!(key.public.kid, "pVSK9jsfgckxfjc7a66ILy00FPlidvkzjV92yJJoveY");
    }
}
