//! The functions' environments, where no stack gives them.

use std::collections::HashMap;

use crate::DeployedFunction;

/// The values of the functions' variables.
#[derive(Clone, Debug)]
pub struct Environment(HashMap<String, String>);

impl Environment {
    /// An environment of an API at `url` over the table of this name, with the secrets of tokens and of links.
    #[must_use]
    pub fn new(url: &str, table: &str, [signing_secret, link_secret]: [String; 2]) -> Self {
        let mut values = HashMap::from([
            ("SIGNING_SECRET".to_owned(), signing_secret),
            ("LINK_SECRET".to_owned(), link_secret),
            // What Lambda gives every function.
            ("AWS_REGION".to_owned(), "eu-central-1".to_owned()),
            ("AWS_ACCESS_KEY_ID".to_owned(), "local".to_owned()),
            ("AWS_SECRET_ACCESS_KEY".to_owned(), "local".to_owned()),
        ]);
        for (name, value) in [
            ("TABLE_NAME", table),
            ("ISSUER", url),
            ("PUBLIC_SITE_URL", url),
            ("AUDIENCE", "organizations-api"),
            ("MAIL_FROM", "no-reply@organizations.example"),
            ("REQUIRE_VERIFIED_EMAIL", "false"),
            // Never reached, so that the functions come to what the limits keep.
            ("MAX_WRONG_PASSWORDS_PER_SOURCE", "1000000"),
            ("MAX_CREATIONS_PER_SOURCE", "1000000"),
            ("MAX_MAILS_PER_SOURCE", "1000000"),
            ("MAX_INVITATIONS_PER_DAY", "1000000"),
            ("SERVER_TIMING", "true"),
        ] {
            values.insert(name.to_owned(), value.to_owned());
        }
        Self(values)
    }

    /// The environment with `DynamoDB` at this address.
    #[must_use]
    pub fn with_table_at(self, url: &str) -> Self {
        self.with("AWS_ENDPOINT_URL_DYNAMODB", url)
    }

    /// The environment with SES at this address.
    #[must_use]
    pub fn with_mails_to(self, url: &str) -> Self {
        self.with("AWS_ENDPOINT_URL_SESV2", url)
    }

    /// The environment with this variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The variables of a function.
    ///
    /// # Panics
    /// The template gives the function a variable that this knows nothing of.
    #[must_use]
    pub fn of(&self, function: &DeployedFunction) -> HashMap<String, String> {
        for variable in &function.variables {
            let known = self.0.contains_key(variable) || DEFAULTED.contains(&&**variable);
            assert!(known, "{}: what is {variable}?", function.name);
        }
        let is_its_own = |name: &str| function.variables.contains(name) || OF_EVERY_FUNCTION.contains(&name);
        self.0.iter().filter(|(name, _)| is_its_own(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// Variables that have defaults.
const DEFAULTED: [&str; 20] = [
    "TOKEN_TTL_SECONDS",
    "USER_TOKEN_TTL_SECONDS",
    "MAX_TESTED_ROWS",
    "TRUSTED_ISSUERS",
    "OPERATOR_KEY_HASHES",
    "STRIPE_WEBHOOK_SECRETS",
    "SIGNING_KEY_ARN",
    "PREVIOUS_SIGNING_KEY_ARN",
    "PREVIOUS_SIGNING_SECRET",
    "ORIGIN_SECRETS",
    "REQUIRE_ORIGIN_SECRET",
    "MAIL_REPLY_TO",
    "MAIL_CONFIGURATION_SET",
    "PLATFORM_NAME",
    "PLATFORM_LOGO_URL",
    "PLATFORM_COLOR",
    "SUPPORT_EMAIL",
    "SIGN_IN_URL",
    "SERVER_TIMING",
    "METRICS_NAMESPACE",
];

/// What a function gets that its template doesn't name.
const OF_EVERY_FUNCTION: [&str; 10] = [
    "AWS_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_SESV2",
    "SERVER_TIMING",
    "RUST_LOG",
    "TRUSTED_ISSUERS",
    "TRUSTED_ISSUERS_CA_FILE",
];
