use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    config::{Builder, retry::RetryConfig, timeout::TimeoutConfig},
};

use crate::{Table, aws::sdk_config, usage::Meter};

impl Table {
    /// Connects to the table called `name`, at `endpoint` or in this environment's region.
    #[must_use]
    pub fn connect(name: &str, endpoint: Option<&str>) -> Self {
        Self::new(Client::from_conf(Self::client_config(endpoint).build()), name)
    }

    /// Returns the configuration of every client of the table: [`sdk_config`], short retries, timeouts, and an
    /// interceptor that counts each call.
    #[must_use]
    pub fn client_config(endpoint: Option<&str>) -> Builder {
        let retries = RetryConfig::standard()
            .with_max_attempts(4)
            .with_initial_backoff(Duration::from_millis(25))
            .with_max_backoff(Duration::from_millis(500));
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(Duration::from_secs(3))
            .operation_timeout(Duration::from_secs(8))
            .build();
        Builder::from(&sdk_config(endpoint)).retry_config(retries).timeout_config(timeouts).interceptor(Meter)
    }
}
