//! What SES says of a mail after it took it: EventBridge brings its events by a queue.
//!
//! Source: Amazon SES Developer Guide, *Contents of event data that Amazon SES publishes*.

use std::collections::HashMap;

use serde::Deserialize;
use shared::{
    expiry::PointInTime,
    table::{Error, Feedback, MailId},
};

use crate::Mailer;

/// A message of the queue.
#[derive(Deserialize)]
pub struct QueuedFeedback {
    /// The message's id, by which the queue brings it again.
    #[serde(rename = "messageId")]
    pub message_id: String,
    /// An event, as EventBridge has it.
    pub body: String,
}

#[derive(Deserialize)]
struct Event {
    /// When it happened, RFC 3339.
    time: String,
    detail: Detail,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    event_type: String,
    bounce: Option<Bounce>,
    mail: SentMail,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounce_type: String,
}

#[derive(Deserialize)]
struct SentMail {
    #[serde(default)]
    tags: HashMap<String, Vec<String>>,
}

/// Tags take no dot, which separates a day from its part in the partition of a mail.
const TAG_SEPARATOR: &str = "_";

/// Returns the text of the tag that tells in which partition a mail is.
pub(crate) fn tag_of_day(id: &MailId) -> String {
    id.day.replace('.', TAG_SEPARATOR)
}

/// What happened to which mail, and when, in seconds since the epoch.
#[derive(Debug, PartialEq, Eq)]
struct Report {
    mail: MailId,
    feedback: Feedback,
    at: u64,
}

impl Report {
    /// Reads an event; `None` if it is about nothing that a mailer does something about.
    fn of(event: &str) -> Option<Self> {
        let Event { time, detail } = serde_json::from_str(event).ok()?;
        let feedback = match (detail.event_type.as_str(), &detail.bounce) {
            // Another type of bounce is of a mailbox that is full, or a note that its owner is away.
            ("Bounce", Some(bounce)) if bounce.bounce_type == "Permanent" => Feedback::Bounced,
            ("Complaint", _) => Feedback::Complained,
            ("Reject", _) => Feedback::Rejected,
            _ => return None,
        };
        let tag = |name: &str| detail.mail.tags.get(name)?.first();
        let mail = MailId { day: tag("day")?.replace(TAG_SEPARATOR, "."), id: tag("mail")?.clone() };
        Some(Self { mail, feedback, at: PointInTime::parse(&time).ok()?.seconds() })
    }
}

impl Mailer {
    /// Takes what a message of the queue says of a mail. Anything else in the queue is passed over.
    pub(crate) async fn take_feedback(&self, message: &QueuedFeedback) -> Result<(), Error> {
        let Some(Report { mail, feedback, at }) = Report::of(&message.body) else {
            tracing::info!("an event of SES is passed over");
            return Ok(());
        };
        if let Some(kind) = self.outbox.take_feedback(&mail, feedback, at).await? {
            tracing::warn!(mail = mail.id, kind = kind.as_str(), feedback = feedback.as_str(), "a mail came back");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(detail: &Value) -> String {
        let mut event = json!({
            "version": "0", "source": "aws.ses", "detail-type": "Email Bounced", "time": "2026-11-30T08:00:00Z",
            "detail": {"mail": {"tags": {"mail": ["m1"], "day": ["2026-11-30_07"], "kind": ["welcome-admin"]}}},
        });
        event["detail"].as_object_mut().unwrap().extend(detail.as_object().unwrap().clone());
        event.to_string()
    }

    #[test]
    fn a_permanent_bounce_a_complaint_and_a_virus_are_about_the_mail_that_the_tags_name() {
        for (detail, feedback) in [
            (json!({"eventType": "Bounce", "bounce": {"bounceType": "Permanent"}}), Feedback::Bounced),
            (json!({"eventType": "Complaint", "complaint": {}}), Feedback::Complained),
            (json!({"eventType": "Reject", "reject": {"reason": "Bad content"}}), Feedback::Rejected),
        ] {
            let mail = MailId { day: "2026-11-30.07".to_owned(), id: "m1".to_owned() };
            assert_eq!(Report::of(&event(&detail)), Some(Report { mail, feedback, at: 1_796_025_600 }));
        }
    }

    #[test]
    fn a_full_mailbox_a_delivery_and_what_has_no_tags_are_passed_over() {
        for event in [
            event(&json!({"eventType": "Bounce", "bounce": {"bounceType": "Transient"}})),
            event(&json!({"eventType": "Delivery"})),
            event(&json!({"eventType": "Complaint", "mail": {"tags": {"mail": ["m1"]}}})),
            event(&json!({"eventType": "Complaint", "mail": {}})),
            "{}".to_owned(),
            "bounced".to_owned(),
        ] {
            assert_eq!(Report::of(&event), None, "{event}");
        }
    }

    #[test]
    fn the_tag_of_a_day_has_letters_digits_dashes_and_underscores_alone() {
        let id = MailId { day: "2026-11-30.07".to_owned(), id: "m1".to_owned() };
        assert_eq!(tag_of_day(&id), "2026-11-30_07");
    }
}
