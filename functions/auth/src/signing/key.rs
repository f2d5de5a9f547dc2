use shared::{
    claims::{Claims, PublicKey, SigningError, SigningKey},
    config::{self, ConfigError},
    table,
};
use tokio::task::{JoinError, spawn_blocking};

use super::kms::{KmsError, KmsKey};

/// Shorter secrets could be guessed.
const MIN_SECRET_LENGTH: usize = 32;

/// Why tokens can't be signed: found at start.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A variable is missing or can't be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No key can be derived from the secret.
    #[error(transparent)]
    Derivation(#[from] SigningError),
    /// The thread that derives the key has panicked, which is a defect.
    #[error("the signing key was not derived")]
    Interrupted(#[from] JoinError),
}

/// An ES256 key pair, which signs tokens.
#[derive(Debug)]
pub enum Key {
    /// The pair is derived from a secret, and signs in this process.
    Derived(Box<SigningKey>),
    /// The private half never leaves AWS KMS, which is asked for each signature.
    Kms(KmsKey),
}

impl Key {
    /// Derives the key pair from a secret.
    ///
    /// # Errors
    /// The secret is too short.
    pub fn derived_from(secret: &str) -> Result<Self, SetupError> {
        Self::derived("SIGNING_SECRET", secret)
    }

    /// The key pair of this ARN in AWS KMS, at `endpoint` or in this environment's region. KMS is asked for the public
    /// half when it is needed.
    #[must_use]
    pub fn of_kms(arn: &str, endpoint: Option<&str>) -> Self {
        Self::Kms(KmsKey::new(arn, endpoint))
    }

    /// The key that one of two variables names. `None` where neither does.
    pub(super) async fn from_env(arn: &'static str, secret: &'static str) -> Result<Option<Self>, SetupError> {
        match (config::optional(arn), config::optional(secret)) {
            (None, None) => Ok(None),
            (None, Some(value)) => spawn_blocking(move || Self::derived(secret, &value)).await?.map(Some),
            (Some(arn), None) => {
                let key = Self::of_kms(&arn, config::endpoint("AWS_ENDPOINT_URL_KMS").as_deref());
                // A start that asks now does so beside its read of the table. The first token asks again if this fails.
                let _ = key.public().await;
                Ok(Some(key))
            }
            (Some(_), Some(_)) => {
                Err(ConfigError::Invalid { name: arn, fault: format!("can't be set beside {secret}") }.into())
            }
        }
    }

    fn derived(variable: &'static str, secret: &str) -> Result<Self, SetupError> {
        config::require_secret(variable, secret, MIN_SECRET_LENGTH)?;
        Ok(Self::Derived(Box::new(SigningKey::derive(secret)?)))
    }

    /// The public half.
    pub(super) async fn public(&self) -> Result<&PublicKey, KeyError> {
        match self {
            Self::Derived(key) => Ok(key.public()),
            Self::Kms(key) => Ok(key.public().await?),
        }
    }

    /// The public half, unless KMS has yet to be asked for it.
    pub(super) fn known_public(&self) -> Option<&PublicKey> {
        match self {
            Self::Derived(key) => Some(key.public()),
            Self::Kms(key) => key.known_public(),
        }
    }

    /// Signs the claims as a JWS in compact serialization.
    pub(super) async fn sign(&self, claims: &Claims) -> Result<String, KeyError> {
        match self {
            Self::Derived(key) => Ok(key.sign(claims)?),
            Self::Kms(key) => Ok(key.sign(claims).await?),
        }
    }
}

/// Why a key can't be had, or signs nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error(transparent)]
    Derived(#[from] SigningError),
    #[error(transparent)]
    Kms(#[from] KmsError),
}

// A key that is out of reach is answered as a table that is: 503 while it may come back, and else 500.
impl From<KeyError> for table::Error {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Kms(KmsError::Unavailable(_)) => Self::Unavailable(error.to_string()),
            error => Self::Internal(Box::new(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_could_be_guessed_is_refused_and_not_shown() {
        let error = Key::derived_from("short").unwrap_err().to_string();
        assert_eq!(error, "the environment variable SIGNING_SECRET must have at least 32 characters");
    }
}
