//! The embedded DynamoDB: the same table as in the cloud, behind the same protocol.

use std::path::{Path, PathBuf};

use aws_sdk_dynamodb::{
    Client,
    error::DisplayErrorContext,
    operation::create_table::CreateTableError,
    types::{
        AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, StreamSpecification,
        StreamViewType, TimeToLiveSpecification,
    },
};
use dynoxide::{Database, storage::Storage};

/// Why the embedded DynamoDB can't be used.
#[derive(Debug, thiserror::Error)]
#[error("the embedded DynamoDB: {0}")]
pub struct EngineError(String);

impl EngineError {
    pub(crate) fn of(error: impl std::fmt::Debug) -> Self {
        Self(format!("{error:?}"))
    }
}

/// The engine looks for the stream's last record at each write. Without an index it reads every record, so that each
/// write would cost as much as all writes before it.
const STREAM_INDEX: &str = "CREATE INDEX IF NOT EXISTS stream_records_in_order
    ON _stream_records (table_name, CAST(sequence_number AS INTEGER))";

/// Opens the database at `path`, or one in memory.
pub(crate) fn open(path: Option<PathBuf>) -> Result<Database, EngineError> {
    if let Some(path) = path {
        index_stream(&path)?;
        return Database::new(&path.to_string_lossy()).map_err(EngineError::of);
    }
    // Nothing but a restored file gives a database in memory an index.
    let directory = tempfile::tempdir().map_err(EngineError::of)?;
    let empty = directory.path().join("empty");
    index_stream(&empty)?;
    let database = Database::memory().map_err(EngineError::of)?;
    database.restore_from(&empty.to_string_lossy()).map_err(EngineError::of)?;
    Ok(database)
}

fn index_stream(path: &Path) -> Result<(), EngineError> {
    let storage = Storage::new(&path.to_string_lossy()).map_err(EngineError::of)?;
    storage.conn().execute_batch(STREAM_INDEX).map_err(EngineError::of)
}

/// Makes the table as `template.yaml` does, unless it is there.
pub(crate) async fn create_table(client: &Client, table: &str) -> Result<(), EngineError> {
    let attribute =
        |name: &str| AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build();
    let key = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    let stream = StreamSpecification::builder().stream_enabled(true).stream_view_type(StreamViewType::KeysOnly).build();
    let created = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("pk").map_err(failed)?)
        .attribute_definitions(attribute("sk").map_err(failed)?)
        .key_schema(key("pk", KeyType::Hash).map_err(failed)?)
        .key_schema(key("sk", KeyType::Range).map_err(failed)?)
        .stream_specification(stream.map_err(failed)?)
        .send()
        .await;
    match created {
        Ok(_) => {}
        Err(error) => match error.as_service_error() {
            Some(CreateTableError::ResourceInUseException(_)) => return Ok(()),
            _ => return Err(failed(error)),
        },
    }
    let ends = TimeToLiveSpecification::builder().enabled(true).attribute_name("expires_at").build().map_err(failed)?;
    client.update_time_to_live().table_name(table).time_to_live_specification(ends).send().await.map_err(failed)?;
    Ok(())
}

fn failed(error: impl std::error::Error) -> EngineError {
    EngineError(DisplayErrorContext(error).to_string())
}
