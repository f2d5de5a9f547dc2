//! Feeds the table's stream to the mailer, in the events that AWS Lambda would send.

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use aws_sdk_dynamodb::{
    config::{ConfigBag, Intercept, RuntimeComponents, interceptors::FinalizerInterceptorContextRef},
    error::BoxError,
};
use aws_smithy_runtime_api::client::{interceptors::dyn_dispatch_hint, orchestrator::Metadata};
use dynoxide::{
    Database,
    actions::{
        describe_stream::DescribeStreamRequest, describe_table::DescribeTableRequest, get_records::GetRecordsRequest,
        get_shard_iterator::GetShardIteratorRequest,
    },
};
use mailer::{Mailer, Trigger};
use serde_json::{Value, json};
use shared::{error_chain, table::QUEUE_PREFIX};
use tokio::{
    sync::{Notify, watch},
    time::MissedTickBehavior,
};

use crate::{data, mail_simulator::MailSimulator};

/// The longest wait of a write by another process, which does not wake the stream, or of a mail that failed.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How long a write waits for others before the stream is read, as the function's mapping gathers records too.
const BATCH_WINDOW: Duration = Duration::from_millis(20);
/// Records in one event, as the function's mapping has it.
const BATCH: usize = 100;

/// How often the schedule sweeps up what the stream left.
const SWEEP: Duration = Duration::from_mins(1);
/// A record that is older, in seconds, is left to the sweep, as the function's mapping has it.
const RECORD_AGE: f64 = 3600.0;

/// Wakes the stream when a transaction or a put is done: every message is put by one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wake(Arc<Notify>);

#[dyn_dispatch_hint]
impl Intercept for Wake {
    fn name(&self) -> &'static str {
        "Wake"
    }

    fn read_after_execution(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Metadata>().map(Metadata::name);
        if matches!(operation, Some("TransactWriteItems" | "PutItem")) {
            self.0.notify_one();
        }
        Ok(())
    }
}

/// What the stream's records and the schedule's events go to.
pub trait Consumer: Send + Sync + 'static {
    /// Handles an event as the function does, and gives its answer.
    fn handle(&self, event: Value) -> impl Future<Output = Result<Value, String>> + Send;
}

impl Consumer for Mailer {
    async fn handle(&self, event: Value) -> Result<Value, String> {
        let event: Trigger = serde_json::from_value(event).map_err(|error| error.to_string())?;
        let answer = Self::handle(self, event).await.map_err(|error| error_chain::chain(&error))?;
        serde_json::to_value(answer).map_err(|error| error.to_string())
    }
}

/// The table's stream, and how far it was read.
pub(crate) struct Stream {
    database: Database,
    iterator: Option<String>,
    position_file: Option<PathBuf>,
    unsent: Vec<Value>,
}

/// Why the stream can't be read.
#[derive(Debug, thiserror::Error)]
#[error("the embedded DynamoDB's stream: {0}")]
pub struct StreamError(String);

impl Stream {
    /// The stream of `table`, from where `position_file` says that it was left, or from its beginning.
    pub(crate) fn open(database: Database, table: &str, position_file: Option<PathBuf>) -> Result<Self, StreamError> {
        let request = DescribeTableRequest { table_name: table.to_owned() };
        let arn = database.describe_table(request).map_err(failed)?.table.latest_stream_arn;
        let arn = arn.ok_or_else(|| StreamError("the table has none".to_owned()))?;
        let request = DescribeStreamRequest { stream_arn: arn.clone(), ..DescribeStreamRequest::default() };
        let shards = database.describe_stream(request).map_err(failed)?.stream_description.shards;
        let shard = shards.into_iter().next().ok_or_else(|| StreamError("it has no shard".to_owned()))?;
        // Whatever is no position means from the beginning: mails that were sent are found sent.
        let position = position_file.as_ref().and_then(|path| fs::read_to_string(path).ok());
        let position = position.filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
        let kind = if position.is_some() { "AFTER_SEQUENCE_NUMBER" } else { "TRIM_HORIZON" };
        let request = GetShardIteratorRequest {
            stream_arn: arn,
            shard_id: shard.shard_id,
            shard_iterator_type: kind.to_owned(),
            sequence_number: position,
        };
        let iterator = database.get_shard_iterator(request).map_err(failed)?.shard_iterator;
        Ok(Self { database, iterator, position_file, unsent: Vec::new() })
    }

    /// Feeds `mailer` until `stop` says so, and what `simulator` says of mails. What was written by then is still fed.
    pub(crate) async fn feed(
        mut self,
        mailer: impl Consumer,
        simulator: MailSimulator,
        wake: Wake,
        mut stop: watch::Receiver<bool>,
    ) {
        let mut ticks = tokio::time::interval(POLL_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sweeps = tokio::time::interval(SWEEP);
        loop {
            // What failed is tried again at each tick, however many writes wake the stream in between.
            let again = tokio::select! {
                () = wake.0.notified() => {
                    tokio::time::sleep(BATCH_WINDOW).await;
                    false
                }
                _ = ticks.tick() => true,
                _ = sweeps.tick() => {
                    sweep(&mailer).await;
                    true
                }
                _ = stop.changed() => true,
            };
            let stopping = *stop.borrow();
            if let Err(error) = self.drain(&mailer, again).await {
                tracing::error!(%error, "the stream could not be read");
            }
            bring_feedback(&simulator, &mailer).await;
            if stopping {
                return;
            }
        }
    }

    async fn drain(&mut self, mailer: &impl Consumer, mut again: bool) -> Result<(), StreamError> {
        loop {
            let Some(iterator) = self.iterator.clone() else { return Ok(()) };
            let request = GetRecordsRequest { shard_iterator: iterator, limit: Some(BATCH) };
            let answer = self.database.get_records(request).map_err(failed)?;
            self.iterator = answer.next_shard_iterator;
            let fresh =
                answer.records.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>().map_err(failed)?;
            let fresh: Vec<_> = fresh.into_iter().map(without_images).collect();
            let position = fresh.last().and_then(sequence_number).map(str::to_owned);
            let caught_up = fresh.is_empty();
            let failed_before = if again { std::mem::take(&mut self.unsent) } else { Vec::new() };
            again = false;
            // The mapping's filter lets new entries of the queue alone through.
            let records: Vec<_> = failed_before.into_iter().chain(fresh.into_iter().filter(is_new_entry)).collect();
            for batch in records.chunks(BATCH) {
                self.deliver(batch.to_vec(), mailer).await?;
            }
            // Behind an unsent mail nothing counts as read: after a restart it must come again.
            if let (Some(position), Some(path), []) = (position, &self.position_file, &*self.unsent) {
                data::replace(path, position.as_bytes()).map_err(failed)?;
            }
            if caught_up {
                return Ok(());
            }
        }
    }

    /// Hands records over. From the first one that fails on they come again, as AWS Lambda has it, until they are too
    /// old.
    async fn deliver(&mut self, mut records: Vec<Value>, mailer: &impl Consumer) -> Result<(), StreamError> {
        let answer = mailer.handle(json!({"Records": records})).await.map_err(failed)?;
        let failures = answer["batchItemFailures"].as_array().into_iter().flatten();
        let unsent: Vec<_> = failures.filter_map(|failure| failure["itemIdentifier"].as_str()).collect();
        let first =
            records.iter().position(|record| sequence_number(record).is_some_and(|number| unsent.contains(&number)));
        let mut again = records.split_off(first.unwrap_or(records.len()));
        again.retain(|record| {
            let created = record.pointer("/dynamodb/ApproximateCreationDateTime").and_then(Value::as_f64);
            created.is_none_or(|created| created + RECORD_AGE > now())
        });
        self.unsent.extend(again);
        Ok(())
    }
}

/// Tells the mailer what SES would say of its mails, in the event that the queue would send.
async fn bring_feedback(simulator: &MailSimulator, mailer: &impl Consumer) {
    let mut messages = simulator.messages();
    if messages.is_empty() {
        return;
    }
    match mailer.handle(json!({"Records": messages})).await {
        Ok(answer) => {
            let failures = answer["batchItemFailures"].as_array().into_iter().flatten();
            let failed: Vec<_> = failures.map(|failure| &failure["itemIdentifier"]).collect();
            messages.retain(|message| failed.contains(&&message["messageId"]));
        }
        Err(error) => tracing::error!(error, "the mailer could not be told of bounces"),
    }
    simulator.put_back(messages);
}

async fn sweep(mailer: &impl Consumer) {
    if let Err(error) = mailer.handle(json!({"source": "aws.events"})).await {
        tracing::error!(error, "the mails could not be swept");
    }
}

fn is_new_entry(record: &Value) -> bool {
    let key = record.pointer("/dynamodb/Keys/pk/S").and_then(Value::as_str);
    record["eventName"] == "INSERT" && key.is_some_and(|key| key.starts_with(QUEUE_PREFIX))
}

/// A record as a stream of keys has it. The tables of earlier versions have streams with the items' images.
fn without_images(mut record: Value) -> Value {
    if let Some(change) = record["dynamodb"].as_object_mut() {
        change.retain(|name, _| name != "NewImage" && name != "OldImage");
        change.insert("StreamViewType".to_owned(), "KEYS_ONLY".into());
    }
    record
}

fn sequence_number(record: &Value) -> Option<&str> {
    record.pointer("/dynamodb/SequenceNumber")?.as_str()
}

/// Now, in seconds since the epoch, as records say it.
fn now() -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0.0, |elapsed| elapsed.as_secs_f64())
}

fn failed(error: impl std::fmt::Debug) -> StreamError {
    StreamError(format!("{error:?}"))
}
