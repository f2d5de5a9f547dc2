//! The events that call the function.

use aws_lambda_events::{dynamodb::EventRecord, streams::DynamoDbEventResponse};
use serde::{Deserialize, Serialize};
use shared::table::{QUEUE_PREFIX, QueueEntry};

use crate::feedback::QueuedFeedback;

/// What calls the function.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Trigger {
    /// Records of the table's stream.
    Stream {
        /// In the order of the stream.
        #[serde(rename = "Records")]
        records: Vec<EventRecord>,
    },
    /// Messages of the queue that SES's events go to.
    Feedback {
        /// In no particular order.
        #[serde(rename = "Records")]
        records: Vec<QueuedFeedback>,
    },
    /// The schedule's event (EventBridge, `Scheduled Event`).
    Schedule {
        /// The service that sends it: `aws.events`, or `aws.scheduler`.
        source: String,
    },
}

/// What the function answers.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// Records that the stream or the queue has to bring again (`ReportBatchItemFailures`).
    Stream(DynamoDbEventResponse),
    /// What a sweep left.
    Sweep {
        /// Messages that the sweep could not send.
        #[serde(rename = "Unsent")]
        unsent: usize,
    },
}

/// The entry that a record puts into the queue, where it is such a record, with the record's sequence number. The
/// record's keys are all that is read of it.
pub(crate) fn new_entry(record: &EventRecord) -> Option<(String, QueueEntry)> {
    if record.event_name != "INSERT" {
        return None;
    }
    let key = |name: &str| match record.change.keys.get(name) {
        Some(serde_dynamo::AttributeValue::S(text)) => Some(text.as_str()),
        _ => None,
    };
    let entry = key("pk").filter(|key| key.starts_with(QUEUE_PREFIX)).and_then(|_| QueueEntry::parse(key("sk")?))?;
    Some((record.change.sequence_number.clone()?, entry))
}
