//! Configuration from the environment: every variable that functions share.

use std::env;

/// A variable that is missing or has an invalid value.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The variable isn't set, or is empty.
    #[error("the environment variable {0} is missing")]
    Missing(&'static str),
    /// The variable's value can't be used.
    #[error("the environment variable {name} {fault}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// The rule that the value breaks. Never the value itself, which may be a secret.
        fault: String,
    },
}

/// The settings of the deployment that functions run in.
#[derive(Clone, Debug)]
pub struct Config {
    /// `TABLE_NAME`: the single table.
    pub table_name: String,
    /// `ISSUER`: the `iss` of every token, and the address under which `/.well-known` is found.
    pub issuer: String,
    /// `AUDIENCE`: the `aud` of every token.
    pub audience: String,
    /// `AWS_ENDPOINT_URL_DYNAMODB`: the endpoint, if it is not the region's own.
    pub dynamodb_endpoint: Option<String>,
    /// `REQUIRE_VERIFIED_EMAIL`: whether an account's address must be verified before the account is promoted or
    /// associated. True unless the deployment says otherwise.
    pub require_verified_email: bool,
    /// The limits on guessing and on what strangers can make.
    pub limits: Limits,
    /// `MAX_TESTED_ROWS`: rows that a list tests one by one at most.
    pub max_tested_rows: u64,
}

/// The limits on guessing and on what strangers can make. Each is off where it is 0, as on one machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// `MAX_WRONG_PASSWORDS_PER_SOURCE`: wrong passwords from one source in ten minutes, whatever the addresses.
    pub wrong_passwords_per_source: u64,
    /// `MAX_CREATIONS_PER_SOURCE`: accounts and organizations that one source makes in an hour.
    pub creations_per_source: u64,
    /// `MAX_MAILS_PER_SOURCE`: mails that one source asks for in an hour, without being signed in.
    pub mails_per_source: u64,
    /// `MAX_INVITATIONS_PER_DAY`: invitations and promotions by one organization in a day, of people who have no relation
    /// to it yet.
    pub invitations_per_day: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            table_name: String::new(),
            issuer: String::new(),
            audience: String::new(),
            dynamodb_endpoint: None,
            require_verified_email: true,
            limits: Limits::default(),
            max_tested_rows: Self::MAX_TESTED_ROWS,
        }
    }
}

impl Config {
    /// Rows that a list tests one by one at most, where nothing else is configured.
    pub const MAX_TESTED_ROWS: u64 = 200_000;

    /// Reads the environment.
    ///
    /// # Errors
    /// A required variable is missing, or a value is invalid.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            table_name: required("TABLE_NAME")?,
            issuer: required("ISSUER")?,
            audience: required("AUDIENCE")?,
            dynamodb_endpoint: endpoint("AWS_ENDPOINT_URL_DYNAMODB"),
            require_verified_email: boolean("REQUIRE_VERIFIED_EMAIL", Self::default().require_verified_email)?,
            limits: Limits::from_env()?,
            max_tested_rows: positive("MAX_TESTED_ROWS", Self::MAX_TESTED_ROWS)?,
        })
    }
}

impl Limits {
    /// Reads the environment. A limit that is not set is off.
    ///
    /// # Errors
    /// A value is no number.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            wrong_passwords_per_source: number("MAX_WRONG_PASSWORDS_PER_SOURCE", 0)?,
            creations_per_source: number("MAX_CREATIONS_PER_SOURCE", 0)?,
            mails_per_source: number("MAX_MAILS_PER_SOURCE", 0)?,
            invitations_per_day: number("MAX_INVITATIONS_PER_DAY", 0)?,
        })
    }
}

/// Reads a required variable.
///
/// # Errors
/// The variable isn't set, or is empty.
pub fn required(name: &'static str) -> Result<String, ConfigError> {
    optional(name).ok_or(ConfigError::Missing(name))
}

/// Reads a variable. Returns `None` if it is not set or empty.
#[must_use]
pub fn optional(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Reads the endpoint of a service, such as `AWS_ENDPOINT_URL_DYNAMODB`, or that of all services, `AWS_ENDPOINT_URL`.
/// Source: AWS SDKs and Tools Reference Guide, "Service-specific endpoints". Returns `None` for the region's own.
#[must_use]
pub fn endpoint(of_service: &str) -> Option<String> {
    optional(of_service).or_else(|| optional("AWS_ENDPOINT_URL"))
}

/// Asks of the secret in a variable that it has at least so many bytes, and that it is a secret.
///
/// # Errors
/// The secret is shorter. Or the value is a reference to a secret, which anybody knows: CloudFormation resolves it, and
/// other tools don't.
pub fn require_secret(name: &'static str, secret: &str, least: usize) -> Result<(), ConfigError> {
    let fault = if secret.starts_with("{{resolve:") {
        "is a reference to a secret that nothing has resolved".to_owned()
    } else if secret.len() < least {
        format!("must have at least {least} characters")
    } else {
        return Ok(());
    };
    Err(ConfigError::Invalid { name, fault })
}

/// Reads a variable as a Boolean: `true` or `false`, or `default` if it is not set.
///
/// # Errors
/// The value is neither.
pub fn boolean(name: &'static str, default: bool) -> Result<bool, ConfigError> {
    let Some(value) = optional(name) else { return Ok(default) };
    value.parse().map_err(|_| ConfigError::Invalid { name, fault: "must be true or false".to_owned() })
}

/// Reads a variable as a number from 0 on, or `default` if it is not set.
///
/// # Errors
/// The value is no such number.
pub fn number(name: &'static str, default: u64) -> Result<u64, ConfigError> {
    let Some(value) = optional(name) else { return Ok(default) };
    value.parse().map_err(|_| ConfigError::Invalid { name, fault: "must be a number from 0 on".to_owned() })
}

/// Reads a variable as a positive number, or `default` if it is not set.
///
/// # Errors
/// The value is not a positive number.
pub fn positive(name: &'static str, default: u64) -> Result<u64, ConfigError> {
    let Some(value) = optional(name) else { return Ok(default) };
    value
        .parse()
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| ConfigError::Invalid { name, fault: "must be a positive number".to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_could_be_guessed_or_that_nothing_resolved_is_refused() {
        let fault = |secret: &str| require_secret("LINK_SECRET", secret, 32).unwrap_err().to_string();
        assert_eq!(fault(&"a".repeat(31)), "the environment variable LINK_SECRET must have at least 32 characters");
        assert_eq!(
            fault("{{resolve:secretsmanager:arn:aws:secretsmanager:eu-central-1:1:secret:a:SecretString}}"),
            "the environment variable LINK_SECRET is a reference to a secret that nothing has resolved"
        );
        assert!(require_secret("LINK_SECRET", &"a".repeat(32), 32).is_ok());
    }

    #[test]
    fn addresses_have_to_be_verified_unless_the_deployment_says_otherwise() {
        assert!(Config::default().require_verified_email);
    }
}
