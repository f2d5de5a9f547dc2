use std::{fmt, sync::Arc};

use shared::{
    claims::OperatorKeys,
    config::{self, ConfigError},
};

const OPERATOR_KEY_HASHES: &str = "OPERATOR_KEY_HASHES";
const STRIPE_WEBHOOK_SECRETS: &str = "STRIPE_WEBHOOK_SECRETS";
/// Shorter secrets could be guessed, or are a name in the place of a secret.
const MIN_SECRET_LENGTH: usize = 16;

/// What the callers of this function prove themselves by. Without them, there is nothing at their paths.
#[derive(Clone, Default)]
pub struct BillingSecrets {
    operators: Arc<OperatorKeys>,
    stripe: Arc<[String]>,
}

impl BillingSecrets {
    /// Reads `OPERATOR_KEY_HASHES` (`name=hash` pairs) and `STRIPE_WEBHOOK_SECRETS` (each endpoint's `whsec_…`; more
    /// than one while it is rotated), both separated by commas.
    ///
    /// # Errors
    /// A variable can't be used.
    pub fn from_env() -> Result<Self, ConfigError> {
        let read = |name| config::optional(name).unwrap_or_default();
        Self::new(&read(OPERATOR_KEY_HASHES), &read(STRIPE_WEBHOOK_SECRETS))
    }

    /// Parses the values of both variables.
    ///
    /// # Errors
    /// A value can't be used.
    pub fn new(operator_key_hashes: &str, stripe_webhook_secrets: &str) -> Result<Self, ConfigError> {
        let invalid = |name, fault: &str| ConfigError::Invalid { name, fault: fault.to_owned() };
        let operators =
            OperatorKeys::parse(operator_key_hashes).map_err(|fault| invalid(OPERATOR_KEY_HASHES, fault))?;
        let stripe = stripe_webhook_secrets.split(',').map(str::trim).filter(|secret| !secret.is_empty());
        let stripe: Arc<[String]> = stripe.map(str::to_owned).collect();
        for secret in stripe.iter() {
            config::require_secret(STRIPE_WEBHOOK_SECRETS, secret, MIN_SECRET_LENGTH)?;
        }
        Ok(Self { operators: Arc::new(operators), stripe })
    }

    pub(crate) fn operators(&self) -> &OperatorKeys {
        &self.operators
    }

    pub(crate) fn stripe(&self) -> &[String] {
        &self.stripe
    }
}

impl fmt::Debug for BillingSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BillingSecrets").field("operators", &self.operators).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_could_be_guessed_is_refused_and_not_shown() {
        let error = BillingSecrets::new("", "whsec_0123456789abcdef, whsec_1").err().unwrap().to_string();
        assert_eq!(error, "the environment variable STRIPE_WEBHOOK_SECRETS must have at least 16 characters");
        assert!(BillingSecrets::new("", " ,").unwrap().stripe().is_empty());
    }
}
