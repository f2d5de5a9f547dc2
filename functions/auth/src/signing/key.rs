use shared::{
    claims::{Claims, PublicKey, SigningError, SigningKey},
    config::{self, ConfigError},
    problem::Problem,
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
    /// KMS doesn't answer, or has no such key.
    #[error(transparent)]
    Kms(#[from] KmsError),
}

/// An ES256 key pair, which signs tokens.
#[derive(Debug)]
pub enum Key {
    /// It is derived from a secret, and signs in this process.
    Derived(Box<SigningKey>),
    /// Its private half never leaves AWS KMS, which is asked for each signature.
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

    /// The key pair of this ARN in AWS KMS, at `endpoint` or in this environment's region.
    ///
    /// # Errors
    /// KMS doesn't answer, or has no such key that signs by ES256.
    pub async fn of_kms(arn: &str, endpoint: Option<&str>) -> Result<Self, SetupError> {
        Ok(Self::Kms(KmsKey::find(arn, endpoint).await?))
    }

    /// The key that one of two variables names. `None` where neither does.
    pub(super) async fn from_env(arn: &'static str, secret: &'static str) -> Result<Option<Self>, SetupError> {
        match (config::optional(arn), config::optional(secret)) {
            (None, None) => Ok(None),
            (Some(arn), None) => {
                Self::of_kms(&arn, config::endpoint("AWS_ENDPOINT_URL_KMS").as_deref()).await.map(Some)
            }
            (None, Some(value)) => spawn_blocking(move || Self::derived(secret, &value)).await?.map(Some),
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
    pub(super) fn public(&self) -> &PublicKey {
        match self {
            Self::Derived(key) => key.public(),
            Self::Kms(key) => key.public(),
        }
    }

    /// Signs the claims as a JWS in compact serialization.
    pub(super) async fn sign(&self, claims: &Claims) -> Result<String, Problem> {
        match self {
            Self::Derived(key) => key.sign(claims).map_err(|error| Problem::internal(&error)),
            Self::Kms(key) => key.sign(claims).await.map_err(|error| match error {
                KmsError::Unanswered(_) => table::Error::Unavailable(error.to_string()).into(),
                KmsError::Unusable(_) => Problem::internal(&error),
            }),
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
