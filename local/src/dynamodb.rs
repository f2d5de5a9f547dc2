//! DynamoDB's protocol over the embedded engine: JSON 1.0, with the operation in `X-Amz-Target`.
//!
//! The engine has a server of its own, but that one answers each preflight with `Access-Control-Allow-Origin: *`, and
//! takes no layer that could refuse a page. Example: a page that a developer visits would read every password hash on
//! port 8000, and write itself an admin's item.
//!
//! Source: the Amazon DynamoDB API Reference, and *DynamoDB low-level API* in its developer guide.

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use dynoxide::{
    Database, DynoxideError,
    auth_material::{self, AuthMaterial},
};
use serde::{Serialize, de::DeserializeOwned};

/// What stands before an operation's name.
const TARGET_PREFIXES: [&str; 2] = ["DynamoDB_20120810.", "DynamoDBStreams_20120810."];
/// As much as DynamoDB takes.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;
const UNKNOWN_OPERATION: &str = r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#;

/// Every operation of the engine, on the one path of the protocol.
pub(crate) fn router(database: Database) -> Router {
    Router::new()
        .route("/", get("healthy").post(answer))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(database)
}

async fn answer(State(database): State<Database>, uri: Uri, headers: HeaderMap, body: String) -> Response {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let target = text("x-amz-target").unwrap_or_default();
    let operation = TARGET_PREFIXES.iter().find_map(|prefix| target.strip_prefix(prefix)).unwrap_or_default();
    // Any credentials are taken, but a request without any would fail on AWS.
    let material = AuthMaterial {
        authorization: text("authorization"),
        query: uri.query().unwrap_or_default(),
        has_date_header: headers.contains_key("x-amz-date") || headers.contains_key(header::DATE),
    };
    if let Some(refusal) = auth_material::validate(material) {
        return json(StatusCode::BAD_REQUEST, refusal);
    }
    match call(&database, operation, &body) {
        None => json(StatusCode::BAD_REQUEST, UNKNOWN_OPERATION.to_owned()),
        Some(Ok(answer)) => json(StatusCode::OK, answer),
        Some(Err(error)) => {
            let status = StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            json(status, error.to_json())
        }
    }
}

fn json(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.0")], body).into_response()
}

/// The operation's answer, or `None` where there is no operation of this name.
fn call(database: &Database, operation: &str, body: &str) -> Option<dynoxide::Result<String>> {
    macro_rules! call_one_of {
        ($($name:literal => $method:ident,)*) => {
            match operation {
                $($name => read(body).and_then(|request| database.$method(request)).and_then(|answer| write(&answer)),)*
                _ => return None,
            }
        };
    }
    Some(call_one_of! {
        "BatchExecuteStatement" => batch_execute_statement,
        "BatchGetItem" => batch_get_item,
        "BatchWriteItem" => batch_write_item,
        "CreateTable" => create_table,
        "DeleteItem" => delete_item,
        "DeleteTable" => delete_table,
        "DescribeStream" => describe_stream,
        "DescribeTable" => describe_table,
        "DescribeTimeToLive" => describe_time_to_live,
        "ExecuteStatement" => execute_statement,
        "ExecuteTransaction" => execute_transaction,
        "GetItem" => get_item,
        "GetRecords" => get_records,
        "GetShardIterator" => get_shard_iterator,
        "ListStreams" => list_streams,
        "ListTables" => list_tables,
        "ListTagsOfResource" => list_tags_of_resource,
        "PutItem" => put_item,
        "Query" => query,
        "Scan" => scan,
        "TagResource" => tag_resource,
        "TransactGetItems" => transact_get_items,
        "TransactWriteItems" => transact_write_items,
        "UntagResource" => untag_resource,
        "UpdateItem" => update_item,
        "UpdateTable" => update_table,
        "UpdateTimeToLive" => update_time_to_live,
    })
}

fn read<T: DeserializeOwned>(body: &str) -> dynoxide::Result<T> {
    serde_json::from_str(body).map_err(|error| DynoxideError::SerializationException(error.to_string()))
}

fn write(answer: &impl Serialize) -> dynoxide::Result<String> {
    serde_json::to_string(answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}
