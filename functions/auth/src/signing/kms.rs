use std::time::Duration;

use aws_sdk_kms::{
    Client,
    config::{Builder, retry::RetryConfig, timeout::TimeoutConfig},
    error::{ProvideErrorMetadata, SdkError},
    primitives::Blob,
    types::{MessageType, SigningAlgorithmSpec},
};
use p256::{ecdsa::Signature, elliptic_curve::sec1::ToSec1Point, pkcs8::DecodePublicKey};
use sha2::{Digest, Sha256};
use shared::{
    aws,
    claims::{Claims, JwsHeader, PublicKey, SigningError, compact},
};
use tokio::sync::OnceCell;

/// Why AWS KMS gives no key or no signature.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KmsError {
    /// KMS is busy or out of reach, for this reason.
    #[error("KMS: {0}")]
    Unavailable(String),
    /// The key is unknown, disabled or of another kind, or this function may not use it. Somebody has to mend that.
    #[error("the signing key of KMS can't be used: {0}")]
    Unusable(String),
}

/// Errors of KMS that another attempt may not meet. Source: AWS KMS API Reference, `Sign`.
const PASSING_ERRORS: [&str; 4] =
    ["ThrottlingException", "KMSInternalException", "DependencyTimeoutException", "KeyUnavailableException"];

impl<E: ProvideErrorMetadata, R> From<SdkError<E, R>> for KmsError {
    fn from(error: SdkError<E, R>) -> Self {
        let described = aws::describe(&error);
        match error.code() {
            Some(code) if !PASSING_ERRORS.contains(&code) => Self::Unusable(described),
            _ => Self::Unavailable(described),
        }
    }
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
    /// What KMS has answered once. A start goes on without it, since not every call signs.
    found: OnceCell<Found>,
}

#[derive(Debug)]
struct Found {
    public: PublicKey,
    header: JwsHeader,
}

impl KmsKey {
    pub(super) fn new(arn: &str, endpoint: Option<&str>) -> Self {
        Self { client: client(endpoint), arn: arn.to_owned(), found: OnceCell::new() }
    }

    /// The public half, for which KMS is asked once.
    pub(super) async fn public(&self) -> Result<&PublicKey, KmsError> {
        Ok(&self.found().await?.public)
    }

    /// The public half, where KMS has answered.
    pub(super) fn known_public(&self) -> Option<&PublicKey> {
        self.found.get().map(|found| &found.public)
    }

    /// Has KMS sign the claims.
    pub(super) async fn sign(&self, claims: &Claims) -> Result<String, KmsError> {
        let input = self.found().await?.header.signing_input(claims)?;
        let answer = self
            .client
            .sign()
            .key_id(&self.arn)
            // KMS takes 4,096 bytes of a message, and a digest of a message of any length.
            .message_type(MessageType::Digest)
            .message(Blob::new(Sha256::digest(&input).as_slice()))
            .signing_algorithm(SigningAlgorithmSpec::EcdsaSha256)
            .send()
            .await?;
        let signature = answer.signature.unwrap_or_else(|| Blob::new([]));
        // KMS answers a DER document (RFC 3279, section 2.2.3), and a JWS has the two numbers themselves.
        let signature = Signature::from_der(signature.as_ref());
        let signature = signature.map_err(|error| KmsError::Unusable(error.to_string()))?;
        Ok(compact(&input, &signature.to_bytes()))
    }

    async fn found(&self) -> Result<&Found, KmsError> {
        self.found.get_or_try_init(|| self.find()).await
    }

    async fn find(&self) -> Result<Found, KmsError> {
        let answer = self.client.get_public_key().key_id(&self.arn).send().await?;
        // A key for key agreement may have the same curve. Without this, it would be published and then sign nothing.
        if !answer.signing_algorithms().contains(&SigningAlgorithmSpec::EcdsaSha256) {
            return Err(KmsError::Unusable("it does not sign by ECDSA_SHA_256".to_owned()));
        }
        let document = answer.public_key.unwrap_or_else(|| Blob::new([]));
        let point = p256::PublicKey::from_public_key_der(document.as_ref());
        let point = point.map_err(|error| KmsError::Unusable(error.to_string()))?.to_sec1_point(false);
        let public = PublicKey::of_point(point.as_bytes())?;
        Ok(Found { header: JwsHeader::of(&public), public })
    }
}

fn client(endpoint: Option<&str>) -> Client {
    let retries = RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(25));
    // A start asks up to twice, and Lambda cuts it off after ten seconds.
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(4))
        .build();
    let config = Builder::from(&aws::sdk_config(endpoint)).retry_config(retries).timeout_config(timeouts);
    Client::from_conf(config.build())
}
