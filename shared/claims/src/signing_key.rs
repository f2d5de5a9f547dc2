use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use p256::{SecretKey, pkcs8::EncodePrivateKey};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use sha2::{Digest, Sha256};

use crate::{Claims, PublicKey};

/// A token can't be signed, or no key can be derived: a defect.
#[derive(Debug, thiserror::Error)]
#[error("the signing key: {0}")]
pub struct SigningError(String);

impl SigningError {
    fn new(cause: impl fmt::Display) -> Self {
        Self(cause.to_string())
    }
}

/// An ES256 key pair, which signs tokens (RFC 7518, section 3.4).
pub struct SigningKey {
    public: PublicKey,
    private: EcdsaKeyPair,
    /// The header of every token that the key signs, encoded.
    header: String,
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
        // SEC 1, section 2.3.3: a byte that says "uncompressed", and the two coordinates.
        let point = private.public_key().as_ref().get(1..).and_then(|point| point.split_at_checked(32));
        let (x, y) = point.ok_or_else(|| SigningError::new("the public key is no point"))?;
        let (x, y) = (base64url(x), base64url(y));
        // RFC 7638: the thumbprint of the required members in lexicographic order, without white space.
        let thumbprint = Sha256::digest(format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#));
        let kid = base64url(&thumbprint);
        // RFC 9068, section 2.1: the type keeps an access token from being taken for an ID token.
        let header = base64url(format!(r#"{{"typ":"at+jwt","alg":"ES256","kid":"{kid}"}}"#).as_bytes());
        Ok(Self { public: PublicKey { kid, x, y, published_at: 0, ended_at: None }, private, header })
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
        let payload = serde_json::to_vec(claims).map_err(SigningError::new)?;
        let message = format!("{}.{}", self.header, base64url(&payload));
        let signature = self.private.sign(&SystemRandom::new(), message.as_bytes()).map_err(SigningError::new)?;
        Ok(format!("{message}.{}", base64url(signature.as_ref())))
    }
}

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
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
