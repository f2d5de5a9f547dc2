use std::path::Path;

use dynoxide::Database;
use shared::{
    ids::{OrganizationCode, OrganizationId},
    table::AssociationRecord,
};
use tokio::net::TcpListener;

use crate::{
    Bundle, StartError,
    data::DataDirectory,
    dynamodb,
    engine::{self, EngineError},
    guard::AllowedHosts,
    seed::seed,
};

/// The data of a bundle that doesn't run, held as long as this lives: for whoever works on its table.
pub struct StoppedBundle {
    dynamodb_url: String,
    database: Database,
    _data: DataDirectory,
}

impl StoppedBundle {
    /// Takes the data at `data_dir`, and serves its DynamoDB on a free port.
    ///
    /// # Errors
    /// The data can't be used: a bundle runs on it, for one.
    pub async fn open(data_dir: &Path) -> Result<Self, StartError> {
        let data = DataDirectory::open(data_dir)?;
        let database = engine::open(Some(data.file(DataDirectory::DATABASE)))?;
        let failed = |error| StartError::Port { port: 0, error };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        let dynamodb_url = format!("http://{}", listener.local_addr().map_err(failed)?);
        let router = AllowedHosts::new(&[]).guard_from_pages(dynamodb::router(database.clone()));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { dynamodb_url, database, _data: data })
    }

    /// Where DynamoDB is.
    #[must_use]
    pub fn dynamodb_url(&self) -> String {
        self.dynamodb_url.clone()
    }

    /// Puts associations into an organization that has none, past the stream; `progress` is told of each batch of
    /// items.
    ///
    /// # Errors
    /// The engine refused them.
    pub fn seed(
        &self,
        organization: &OrganizationId,
        code: &OrganizationCode,
        associations: Vec<AssociationRecord>,
        progress: impl Fn(u64),
    ) -> Result<(), EngineError> {
        seed(&self.database, Bundle::TABLE, organization, code, associations, progress)
    }
}
