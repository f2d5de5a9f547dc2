use std::time::Duration;

use aws_sdk_kms::{
    Client,
    config::{BehaviorVersion, Builder, retry::RetryConfig, timeout::TimeoutConfig},
    primitives::Blob,
    types::{MessageType, SigningAlgorithmSpec},
};
use p256::{ecdsa::Signature, elliptic_curve::sec1::ToSec1Point, pkcs8::DecodePublicKey};
use sha2::{Digest, Sha256};
use shared::{
    aws,
    claims::{Claims, JwsHeader, PublicKey, SigningError, compact},
};

/// Why AWS KMS gives no key or no signature.
#[derive(Debug, thiserror::Error)]
pub enum KmsError {
    /// KMS didn't answer, or refused for this reason.
    #[error("KMS: {0}")]
    Unanswered(String),
    /// What KMS answered is no key or signature of ES256.
    #[error("the key of KMS can't be used: {0}")]
    Unusable(String),
}

impl From<SigningError> for KmsError {
    fn from(error: SigningError) -> Self {
        Self::Unusable(error.to_string())
    }
}

/// A key pair of the kind `ECC_NIST_P256` whose private half never leaves AWS KMS.
/// Source: AWS KMS API Reference, `GetPublicKey` and `Sign`.
#[derive(Debug)]
pub struct KmsKey {
    client: Client,
    arn: String,
    public: PublicKey,
    header: JwsHeader,
}

impl KmsKey {
    /// Asks KMS for the public half of the key of this ARN.
    pub(super) async fn find(arn: &str, endpoint: Option<&str>) -> Result<Self, KmsError> {
        let client = client(endpoint);
        let answer = client.get_public_key().key_id(arn).send().await;
        let answer = answer.map_err(|error| KmsError::Unanswered(aws::describe(&error)))?;
        // A key for key agreement may have the same curve. Without this, the first sign-in would find it out.
        if !answer.signing_algorithms().contains(&SigningAlgorithmSpec::EcdsaSha256) {
            return Err(KmsError::Unusable("it does not sign by ECDSA_SHA_256".to_owned()));
        }
        let document = answer.public_key.unwrap_or_else(|| Blob::new([]));
        let point = p256::PublicKey::from_public_key_der(document.as_ref());
        let point = point.map_err(|error| KmsError::Unusable(error.to_string()))?.to_sec1_point(false);
        let public = PublicKey::of_point(point.as_bytes())?;
        Ok(Self { header: JwsHeader::of(&public), client, arn: arn.to_owned(), public })
    }

    pub(super) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Has KMS sign the claims.
    pub(super) async fn sign(&self, claims: &Claims) -> Result<String, KmsError> {
        let input = self.header.signing_input(claims)?;
        let answer = self
            .client
            .sign()
            .key_id(&self.arn)
            // KMS takes 4,096 bytes of a message, and a digest of a message of any length.
            .message_type(MessageType::Digest)
            .message(Blob::new(Sha256::digest(&input).as_slice()))
            .signing_algorithm(SigningAlgorithmSpec::EcdsaSha256)
            .send()
            .await
            .map_err(|error| KmsError::Unanswered(aws::describe(&error)))?;
        let signature = answer.signature.unwrap_or_else(|| Blob::new([]));
        // KMS answers a DER document (RFC 3279, section 2.2.3), and a JWS has the two numbers themselves.
        let signature = Signature::from_der(signature.as_ref());
        let signature = signature.map_err(|error| KmsError::Unusable(error.to_string()))?;
        Ok(compact(&input, &signature.to_bytes()))
    }
}

fn client(endpoint: Option<&str>) -> Client {
    let retries = RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(25));
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(6))
        .build();
    let mut config = Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(aws::region())
        .credentials_provider(aws::credentials())
        .http_client(aws::http_client(endpoint))
        .retry_config(retries)
        .timeout_config(timeouts);
    if let Some(endpoint) = endpoint {
        config = config.endpoint_url(endpoint);
    }
    Client::from_conf(config.build())
}
