//! The events that call the function.

use aws_lambda_events::{dynamodb::EventRecord, streams::DynamoDbEventResponse};
use serde::{Deserialize, Serialize};
use shared::table::{MAIL_PREFIX, MailId};

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
    /// Records that the stream has to bring again (`ReportBatchItemFailures`).
    Stream(DynamoDbEventResponse),
    /// What a sweep left.
    Sweep {
        /// Mails that are still unsent.
        #[serde(rename = "Unsent")]
        unsent: usize,
    },
}

/// The mail that a record puts into the outbox, where it is such a record, with the record's sequence number.
pub(crate) fn new_mail(record: &EventRecord) -> Option<(String, MailId)> {
    if record.event_name != "INSERT" {
        return None;
    }
    let key = |name: &str| match record.change.keys.get(name) {
        Some(serde_dynamo::AttributeValue::S(text)) => Some(text.as_str()),
        _ => None,
    };
    let day = key("pk")?.strip_prefix(MAIL_PREFIX)?;
    let id = MailId { day: day.to_owned(), id: key("sk")?.to_owned() };
    Some((record.change.sequence_number.clone()?, id))
}
