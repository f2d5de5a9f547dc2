use std::sync::{Arc, Mutex};

use aws_smithy_types::{DateTime, date_time::Format};
use serde_json::{Map, Value, json};
use shared::{ids, mutex::lock};

/// What SES would say of mails to the addresses of its mailbox simulator. A label behind `+` makes many of each.
///
/// Source: Amazon SES Developer Guide, *Using the Amazon SES mailbox simulator*.
#[derive(Clone, Debug, Default)]
pub(crate) struct MailSimulator(Arc<Mutex<Vec<Value>>>);

impl MailSimulator {
    /// Takes note of a mail with these tags, by their names.
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

    /// Takes the messages that the queue would bring.
    pub(crate) fn messages(&self) -> Vec<Value> {
        std::mem::take(&mut *lock(&self.0))
    }

    /// Keeps messages that have to be brought again.
    pub(crate) fn put_back(&self, messages: Vec<Value>) {
        lock(&self.0).extend(messages);
    }
}
