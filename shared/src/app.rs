use claims::{KeySet, Verifier};
use domain::config::{Config, ConfigError};
use table::Table;

/// The state of every function: the table, and the means to verify tokens.
#[derive(Clone, Debug)]
pub struct App {
    /// The single table.
    pub table: Table,
    /// Verifies access tokens by the table's public keys.
    pub verifier: Verifier,
}

impl App {
    /// Connects to the table that `config` names and reads the public keys, which also opens the connection.
    /// A table out of reach is no error here: the first request that needs it answers 503.
    pub async fn connect(config: &Config) -> Self {
        Self::on(Table::connect(config), config).await
    }

    /// Like [`App::connect`], on a table that the caller has connected to.
    pub async fn on(table: Table, config: &Config) -> Self {
        let keys = KeySet::load(table.clone()).await;
        let verifier = Verifier::new(keys, &config.issuer, &config.audience);
        Self { table, verifier }
    }

    /// [`App::connect`] by the environment, as a Lambda does at start.
    ///
    /// # Errors
    /// A variable that is needed and missing.
    pub async fn from_env() -> Result<Self, ConfigError> {
        Ok(Self::connect(&Config::from_env()?).await)
    }
}
