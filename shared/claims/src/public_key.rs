use jsonwebtoken::{
    DecodingKey, errors,
    jwk::{
        AlgorithmParameters, CommonParameters, EllipticCurve, EllipticCurveKeyParameters, EllipticCurveKeyType, Jwk,
        KeyAlgorithm, PublicKeyUse,
    },
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{SigningError, jws::base64url};

/// The public half of a signing key: a point on P-256, its coordinates in base64url (RFC 7518, section 6.2.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    /// The key's id: its thumbprint (RFC 7638).
    pub kid: String,
    /// The first coordinate.
    pub x: String,
    /// The second coordinate.
    pub y: String,
    /// The time at which the key was put into the table, in seconds since the epoch.
    #[serde(default)]
    pub published_at: u64,
    /// The time from which the key verifies nothing, in seconds since the epoch. Absent while the key is in use. The
    /// item stays after that time, so that the key is never published again.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended_at: Option<u64>,
}

impl PublicKey {
    /// The key of an uncompressed point (SEC 1, section 2.3.3): a byte that says so, and the two coordinates. It is
    /// published by nobody yet.
    ///
    /// # Errors
    /// The bytes are no such point.
    pub fn of_point(point: &[u8]) -> Result<Self, SigningError> {
        let coordinates = point.strip_prefix(&[4]).filter(|coordinates| coordinates.len() == 64);
        let coordinates = coordinates.and_then(|coordinates| coordinates.split_at_checked(32));
        let (x, y) = coordinates.ok_or_else(|| SigningError::new("the public key is no point"))?;
        let (x, y) = (base64url(x), base64url(y));
        // RFC 7638: the thumbprint of the required members in lexicographic order, without white space.
        let thumbprint = Sha256::digest(format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#));
        Ok(Self { kid: base64url(&thumbprint), x, y, published_at: 0, ended_at: None })
    }

    /// Returns the key as a JSON Web Key (RFC 7517).
    #[must_use]
    pub fn to_jwk(&self) -> Jwk {
        Jwk {
            common: CommonParameters {
                public_key_use: Some(PublicKeyUse::Signature),
                key_algorithm: Some(KeyAlgorithm::ES256),
                key_id: Some(self.kid.clone()),
                ..CommonParameters::default()
            },
            algorithm: AlgorithmParameters::EllipticCurve(EllipticCurveKeyParameters {
                key_type: EllipticCurveKeyType::EC,
                curve: EllipticCurve::P256,
                x: self.x.clone(),
                y: self.y.clone(),
            }),
        }
    }

    pub(crate) fn decoding_key(&self) -> errors::Result<DecodingKey> {
        DecodingKey::from_ec_components(&self.x, &self.y)
    }

    pub(crate) fn has_ended(&self, now: u64) -> bool {
        self.ended_at.is_some_and(|end| end <= now)
    }
}
