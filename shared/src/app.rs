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
    /// The state on the table that `config` names. Nothing is read or connected to yet.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self::on(Table::connect(config), config)
    }

    /// Like [`App::new`], on a table that the caller has connected to.
    #[must_use]
    pub fn on(table: Table, config: &Config) -> Self {
        let verifier = Verifier::new(KeySet::new(table.clone()), &config.issuer, &config.audience);
        Self { table, verifier }
    }

    /// [`App::new`] by the environment, as a Lambda does at start.
    ///
    /// # Errors
    /// A variable that is needed and missing.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self::new(&Config::from_env()?))
    }
}
