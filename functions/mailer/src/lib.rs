//! Sends the outbox's mails: reads the table's stream, claims each new mail, renders it, sends it through SES and marks
//! it sent.

mod letter;
mod send;

use aws_lambda_events::{
    dynamodb::{Event, EventRecord},
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use shared::{
    config::{self, Config, ConfigError},
    table::{Claim, Error, MAIL_PREFIX, MailId, Outbox, Table},
};

pub use send::{SendError, Sender};

/// The function.
#[derive(Clone, Debug)]
pub struct Mailer {
    outbox: Outbox,
    sender: Sender,
}

/// Why a mail is not sent yet.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// Another instance claimed it, and may have stopped before sending it.
    #[error("another instance is sending it")]
    Claimed,
    /// The outbox is out of reach.
    #[error(transparent)]
    Outbox(#[from] Error),
    /// It could not be rendered or sent.
    #[error(transparent)]
    Send(#[from] SendError),
}

impl Mailer {
    /// Sends `outbox`'s mails by `sender`.
    #[must_use]
    pub fn new(outbox: Outbox, sender: Sender) -> Self {
        Self { outbox, sender }
    }

    /// The function by the environment: `TABLE_NAME`, and what [`Sender::from_env`] reads.
    ///
    /// # Errors
    /// A variable that is needed and missing.
    pub fn from_env() -> Result<Self, ConfigError> {
        let table_name = config::required("TABLE_NAME")?;
        let endpoint = config::optional("AWS_ENDPOINT_URL_DYNAMODB");
        let config = Config { table_name, dynamodb_endpoint: endpoint, ..Config::default() };
        Ok(Self::new(Table::connect(&config).outbox(), Sender::from_env()?))
    }

    /// Sends the mails that a batch of stream records puts into the outbox. What could not be sent is named, so that the
    /// stream brings it again.
    pub async fn handle(&self, event: Event) -> DynamoDbEventResponse {
        let mut response = DynamoDbEventResponse::default();
        for record in event.records {
            let Some(id) = new_mail(&record) else { continue };
            if let Err(error) = self.deliver(&id).await {
                tracing::warn!(mail = id.id, %error, "a mail is not sent yet");
                let mut failure = DynamoDbBatchItemFailure::default();
                failure.item_identifier = record.change.sequence_number;
                response.batch_item_failures.push(failure);
            }
        }
        response
    }

    /// Sends one mail, unless it was sent before.
    ///
    /// # Errors
    /// Why it is not sent yet.
    pub async fn deliver(&self, id: &MailId) -> Result<(), DeliveryError> {
        let (mail, lease) = match self.outbox.claim(id).await? {
            Claim::Ours(mail, lease) => (mail, lease),
            Claim::Sent => return Ok(()),
            Claim::Leased => return Err(DeliveryError::Claimed),
        };
        self.sender.send(&mail).await?;
        self.outbox.mark_sent(lease).await?;
        tracing::info!(mail = id.id, "a mail was sent");
        Ok(())
    }
}

/// The mail that a record puts into the outbox, where it is such a record.
fn new_mail(record: &EventRecord) -> Option<MailId> {
    if record.event_name != "INSERT" {
        return None;
    }
    let key = |name: &str| match record.change.keys.get(name) {
        Some(serde_dynamo::AttributeValue::S(text)) => Some(text.as_str()),
        _ => None,
    };
    let day = key("pk")?.strip_prefix(MAIL_PREFIX)?;
    Some(MailId { day: day.to_owned(), id: key("sk")?.to_owned() })
}
