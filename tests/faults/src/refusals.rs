//! Answers of AWS's DynamoDB to calls that it doesn't do.
//!
//! Source: Amazon DynamoDB Developer Guide, "Error handling with DynamoDB"; API Reference, "`TransactWriteItems`".

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::engine::Answer;

/// A transaction that is cancelled for these reasons, one for each action.
pub(crate) fn cancelled(reasons: &[&str]) -> Answer {
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        reasons.join(", ")
    );
    let reasons: Vec<_> = reasons.iter().map(|code| json!({"Code": code})).collect();
    let rest = json!({"Message": message, "CancellationReasons": reasons});
    refused(StatusCode::BAD_REQUEST, "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", &rest)
}

/// A write of a single item that a transaction has.
pub(crate) fn conflict() -> Answer {
    let rest = json!({"message": "Transaction is ongoing for the item"});
    refused(StatusCode::BAD_REQUEST, "com.amazonaws.dynamodb.v20120810#TransactionConflictException", &rest)
}

/// A transaction whose token another one has.
pub(crate) fn another_transaction() -> Answer {
    let kind = "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException";
    refused(StatusCode::BAD_REQUEST, kind, &json!({"Message": "The token is of a request with other parameters"}))
}

/// A call beyond what the partition or the account may do.
pub(crate) fn throttled(of_partition: bool) -> Answer {
    let (kind, message) = if of_partition {
        (
            "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
            "The level of throughput is exceeded",
        )
    } else {
        ("com.amazon.coral.availability#ThrottlingException", "Throughput exceeds the current capacity of your table")
    };
    refused(StatusCode::BAD_REQUEST, kind, &json!({"message": message}))
}

/// A server that failed, or one that is busy.
pub(crate) fn server_error(busy: bool) -> Answer {
    let (status, kind) = if busy {
        (StatusCode::SERVICE_UNAVAILABLE, "com.amazon.coral.service#ServiceUnavailable")
    } else {
        (StatusCode::INTERNAL_SERVER_ERROR, "com.amazonaws.dynamodb.v20120810#InternalServerError")
    };
    refused(status, kind, &json!({"message": "The request could not be completed"}))
}

/// An answer that says that a call is done, and no more.
pub(crate) fn done(body: &Value) -> Answer {
    Answer { status: StatusCode::OK, headers: json_headers(), body: body.to_string().into() }
}

fn refused(status: StatusCode, kind: &str, rest: &Value) -> Answer {
    let mut body = json!({"__type": kind});
    body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    Answer { status, headers: json_headers(), body: body.to_string().into() }
}

fn json_headers() -> HeaderMap {
    HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"))])
}
