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
    complaint: Option<Complaint>,
    mail: SentMail,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounce_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    complaint_sub_type: Option<String>,
}

#[derive(Deserialize)]
struct SentMail {
    /// When SES took the mail, RFC 3339.
    timestamp: String,
    #[serde(default)]
    tags: HashMap<String, Vec<String>>,
}

/// SES did not send the mail, since its addressee complained of an earlier one of the account.
const SUPPRESSED: &str = "OnAccountSuppressionList";
/// Tags take no dot, which separates a day from its part in the partition of a mail.
const TAG_SEPARATOR: &str = "_";

/// Returns the text of the tag that tells in which partition a mail is.
pub(crate) fn tag_of_day(id: &MailId) -> String {
    id.day.replace('.', TAG_SEPARATOR)
}

/// What happened to which mail, and from when on a proof of its address counts, in seconds since the epoch.
#[derive(Debug, PartialEq, Eq)]
struct Report {
    mail: MailId,
    feedback: Feedback,
    at: u64,
}

impl Report {
    /// Reads an event; `None` for every other one.
    fn of(event: &str) -> Option<Self> {
        let Event { time, detail } = serde_json::from_str(event).ok()?;
        let Detail { event_type, bounce, complaint, mail } = detail;
        let is_suppressed =
            || complaint.and_then(|complaint| complaint.complaint_sub_type).is_some_and(|it| it == SUPPRESSED);
        let feedback = match (event_type.as_str(), bounce) {
            // Another type of bounce is of a mailbox that is full, or a note that its owner is away.
            ("Bounce", Some(bounce)) if bounce.bounce_type == "Permanent" => Feedback::Bounced,
            ("Complaint", _) if is_suppressed() => Feedback::Bounced,
            ("Complaint", _) => Feedback::Complained,
            ("Reject", _) => Feedback::Rejected,
            _ => return None,
        };
        // A bounce may come late: whoever proved the address after the mail was sent has mended it since.
        let at = if feedback == Feedback::Complained { &time } else { &mail.timestamp };
        let at = PointInTime::parse(at).ok()?.seconds();
        let tag = |name: &str| mail.tags.get(name)?.first();
        let id = MailId { day: tag("day")?.replace(TAG_SEPARATOR, "."), id: tag("mail")?.clone() };
        Some(Self { mail: id, feedback, at })
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
            "detail": {"mail": {
                "timestamp": "2026-11-30T07:59:00.000Z",
                "tags": {"mail": ["m1"], "day": ["2026-11-30_07"], "kind": ["welcome-admin"]},
            }},
        });
        event["detail"].as_object_mut().unwrap().extend(detail.as_object().unwrap().clone());
        event.to_string()
    }

    #[test]
    fn a_permanent_bounce_a_complaint_and_a_virus_are_about_the_mail_that_the_tags_name() {
        let (sent_at, told_at) = (1_796_025_540, 1_796_025_600);
        let suppressed =
            json!({"eventType": "Complaint", "complaint": {"complaintSubType": "OnAccountSuppressionList"}});
        for (detail, feedback, at) in [
            (json!({"eventType": "Bounce", "bounce": {"bounceType": "Permanent"}}), Feedback::Bounced, sent_at),
            (json!({"eventType": "Complaint", "complaint": {}}), Feedback::Complained, told_at),
            (suppressed, Feedback::Bounced, sent_at),
            (json!({"eventType": "Reject", "reject": {"reason": "Bad content"}}), Feedback::Rejected, sent_at),
        ] {
            let mail = MailId { day: "2026-11-30.07".to_owned(), id: "m1".to_owned() };
            assert_eq!(Report::of(&event(&detail)), Some(Report { mail, feedback, at }));
        }
    }

    #[test]
    fn the_event_for_cargo_lambda_is_a_bounce() {
        let event: Value = serde_json::from_str(include_str!("../../../events/mailer-feedback.json")).unwrap();
        let message: QueuedFeedback = serde_json::from_value(event["Records"][0].clone()).unwrap();
        let mail = MailId { day: "2026-11-24.07".to_owned(), id: "o9kpnvaodecwnjovrb0uvr7v".to_owned() };
        let report = Report { mail, feedback: Feedback::Bounced, at: 1_795_507_198 };
        assert_eq!(Report::of(&message.body), Some(report));
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
