//! Sends the outbox's mails: the table's stream brings each new one, and a schedule sweeps up what is left.

mod catalogue;
mod deliver;
mod feedback;
mod letter;
mod name;
mod pace;
mod send;
mod trigger;

use std::time::Duration;

use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use futures_util::{StreamExt, stream};
use shared::{
    clock::Clock,
    config::{self, Config, ConfigError},
    link_token::LinkSigner,
    table::{DueEntries, Error, Outbox, QueueEntry, QueuedMessage, Table},
};
use tokio::time::sleep;

pub use deliver::DeliveryError;
pub use feedback::QueuedFeedback;
pub use letter::{Contact, Letter, LetterError, Occasion};
pub use name::Name;
use pace::{Pace, Quota};
pub use send::{SendError, Sender};
pub use trigger::{Answer, Trigger};

/// Mails of the stream that are sent concurrently: a batch.
const MAX_CONCURRENT_MAILS: usize = 10;
/// Messages of SES that are taken concurrently: a batch. Their order does not matter: the latest bounce counts.
const MAX_CONCURRENT_FEEDBACK: usize = 10;
/// A sweep starts no mail later than this after its first, and the next sweep comes a minute after. If every call then
/// takes its full timeout, a mail needs another minute. The function times out after two minutes, and a mail that was
/// sent but not marked would be sent twice.
const MAX_SWEEP_TIME: Duration = Duration::from_secs(40);

/// The function.
#[derive(Clone, Debug)]
pub struct Mailer {
    outbox: Outbox,
    sender: Sender,
    links: LinkSigner,
}

impl Mailer {
    /// Sends `outbox`'s mails by `sender`, with the tokens of `links`.
    #[must_use]
    pub fn new(outbox: Outbox, sender: Sender, links: LinkSigner) -> Self {
        Self { outbox, sender, links }
    }

    /// The function by the environment: `TABLE_NAME`, and what [`Sender::from_env`] and [`LinkSigner::from_env`] read.
    ///
    /// # Errors
    /// A variable that is needed and missing.
    pub fn from_env() -> Result<Self, ConfigError> {
        let table_name = config::required("TABLE_NAME")?;
        let endpoint = config::endpoint("AWS_ENDPOINT_URL_DYNAMODB");
        let config = Config { table_name, dynamodb_endpoint: endpoint, ..Config::default() };
        Ok(Self::new(Table::connect(&config).outbox(Clock::system()), Sender::from_env()?, LinkSigner::from_env()?))
    }

    /// Does what the event asks for.
    ///
    /// # Errors
    /// The outbox is out of reach of a sweep; the schedule brings the next one.
    pub async fn handle(&self, trigger: Trigger) -> Result<Answer, Error> {
        match trigger {
            Trigger::Stream { records } => {
                let entries = records.iter().filter_map(trigger::new_entry);
                let failures = stream::iter(entries.collect::<Vec<_>>()).map(async |(sequence_number, entry)| {
                    // A mail that SES didn't take has a new place in the queue, where a sweep finds it. Behind a record
                    // that the stream has to bring again, every later one waits.
                    let left = self.deliver(&entry).await.is_err_and(|error| !matches!(error, DeliveryError::Send(_)));
                    left.then_some(sequence_number)
                });
                let failures: Vec<_> = failures.buffered(MAX_CONCURRENT_MAILS).collect().await;
                Ok(again(failures.into_iter().flatten()))
            }
            Trigger::Feedback { records } => {
                let failures = stream::iter(records).map(async |message: QueuedFeedback| {
                    let error = self.take_feedback(&message).await.err()?;
                    tracing::warn!(%error, "what SES says of a mail is not taken yet");
                    Some(message.message_id)
                });
                let failures: Vec<_> = failures.buffered(MAX_CONCURRENT_FEEDBACK).collect().await;
                Ok(again(failures.into_iter().flatten()))
            }
            Trigger::Schedule { .. } => Ok(Answer::Sweep { unsent: self.sweep().await? }),
        }
    }

    /// Sends what is due in the queue, the oldest first, while the rest is still being read, as fast as SES lets the
    /// account. Returns how many could not be sent.
    async fn sweep(&self) -> Result<usize, Error> {
        let mut due = self.outbox.due_entries();
        let first = due.next().await?;
        let late_seconds = first.as_ref().map_or(0, |first| self.outbox.lateness(first));
        let unsent = match first {
            Some(first) => self.send_all(first, due).await?,
            None => 0,
        };
        // An alarm watches these lines: that they come, and how late the oldest message is.
        tracing::info!(unsent, late_seconds, "swept");
        Ok(unsent)
    }

    async fn send_all(&self, first: QueueEntry, due: DueEntries) -> Result<usize, Error> {
        let pace = Pace::new(self.sender.quota().await);
        let concurrent = pace.concurrent();
        // Started only now: where the table is slow, each sweep still sends something.
        let end = sleep(MAX_SWEEP_TIME);
        let begun = PacedEntries { first: Some(first), due, pace };
        let begun = stream::try_unfold(begun, async |mut begun| Ok(begun.next().await?.map(|entry| (entry, begun))));
        let done = begun
            .take_until(end)
            .map(async |entry: Result<_, Error>| Ok(self.deliver(&entry?).await.is_err()))
            .buffer_unordered(concurrent);
        // What was begun is finished also where the table can't be read further: a mail that is dropped between sending
        // and marking would be sent twice.
        let done: Vec<Result<bool, Error>> = done.collect().await;
        let unsent: Vec<bool> = done.into_iter().collect::<Result<_, _>>()?;
        Ok(unsent.into_iter().filter(|unsent| *unsent).count())
    }
}

/// Answers which records have to come again.
fn again(identifiers: impl Iterator<Item = String>) -> Answer {
    let mut response = DynamoDbEventResponse::default();
    for identifier in identifiers {
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = Some(identifier);
        response.batch_item_failures.push(failure);
    }
    Answer::Stream(response)
}

/// The entries that are due, each mail of which comes when it may begin.
struct PacedEntries {
    /// The first one, where it was read already.
    first: Option<QueueEntry>,
    due: DueEntries,
    pace: Pace,
}

impl PacedEntries {
    async fn next(&mut self) -> Result<Option<QueueEntry>, Error> {
        loop {
            let entry = match self.first.take() {
                Some(first) => Some(first),
                None => self.due.next().await?,
            };
            let Some(entry) = entry else { return Ok(None) };
            // Where no mail may be sent any more today, no link is made for one, since it would expire. Other messages
            // are still done.
            let may_begin = match entry.message {
                QueuedMessage::Mail(_) => self.pace.next_mail().await,
                QueuedMessage::ResetRequest(_) => !self.pace.is_over_for_today(),
                QueuedMessage::AddressMove(_) | QueuedMessage::ForgottenInvitation(..) => true,
            };
            if may_begin {
                return Ok(Some(entry));
            }
        }
    }
}
