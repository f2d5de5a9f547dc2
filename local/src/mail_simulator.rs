use std::sync::{Arc, Mutex};

use aws_smithy_types::{DateTime, date_time::Format};
use serde_json::{Map, Value, json};
use shared::{ids, mutex::lock};

/// Keeps the events that SES would send about mails to its mailbox simulator, such as `bounce@simulator.amazonses.com`.
/// As SES has it, an address may have a label, so that each test has an address of its own: `bounce+grace@…`.
///
/// Source: Amazon SES Developer Guide, *Using the Amazon SES mailbox simulator*.
#[derive(Clone, Debug, Default)]
pub(crate) struct MailSimulator(Arc<Mutex<Vec<Value>>>);

impl MailSimulator {
    /// Keeps the event of a mail with these tags, if SES would send one.
    pub(crate) fn take(&self, to: &str, tags: &Map<String, Value>) {
        let Some((local, "simulator.amazonses.com")) = to.split_once('@') else { return };
        let detail = match local.split('+').next() {
            Some("bounce") => json!({"eventType": "Bounce", "bounce": {"bounceType": "Permanent"}}),
            Some("complaint") => json!({"eventType": "Complaint", "complaint": {}}),
            _ => return,
        };
        let time = DateTime::from(std::time::SystemTime::now()).fmt(Format::DateTime).unwrap_or_default();
        let mut event = json!({"source": "aws.ses", "time": time, "detail": detail});
        event["detail"]["mail"] = json!({"timestamp": time, "destination": [to], "tags": tags});
        let message = json!({"messageId": ids::random_id(24), "eventSource": "aws:sqs", "body": event.to_string()});
        lock(&self.0).push(message);
    }

    /// Takes the events out, as messages of the queue that would bring them.
    pub(crate) fn messages(&self) -> Vec<Value> {
        std::mem::take(&mut *lock(&self.0))
    }

    /// Keeps the messages that the mailer could not take, which the queue would bring again.
    pub(crate) fn put_back(&self, messages: Vec<Value>) {
        lock(&self.0).extend(messages);
    }
}
