//! What AWS and the template allow.

use super::bundle::{MAIL_BATCH, MAIL_SECONDS, QUEUE_SHARDS};

/// Seconds of a day.
pub(super) const DAY_SECONDS: f64 = 86_400.0;
/// Requests a second that Lambda takes for each execution of its quota, however short they are.
///
/// Source: Lambda quotas, *Invocation requests per Region*.
pub(super) const REQUESTS_PER_EXECUTION: f64 = 10.0;

/// What AWS and the template allow, as a stack and an account are at first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quotas {
    /// Mails a day, once out of the sandbox. SES sets it for each account, and this is the usual beginning.
    ///
    /// An account's own is in `aws sesv2 get-account`.
    pub(super) mails_a_day: f64,
    /// Mails a second, once out of the sandbox; the same holds.
    pub(super) mails_a_second: f64,
    /// Requests a second that the stage lets through. Source: `ThrottlingRate` in `template.yaml`.
    pub(super) throttling_rate: f64,
    /// Requests a second to each route that hashes passwords. Source: `HashingThrottlingRate` in `template.yaml`.
    pub(super) hashing_throttling_rate: f64,
    /// Requests a second to all APIs of an account in a region. Source: API Gateway quotas, *Throttle rate*.
    pub(super) gateway_rate: f64,
    /// Executions of all functions at once. Source: Lambda quotas, *Concurrent executions*; new accounts may have 10.
    pub(super) executions: f64,
    /// Read units a second of a table. Source: DynamoDB quotas, *Table-level read throughput limit*, on demand.
    pub(super) table_reads: f64,
    /// Write units a second of a table. Source: DynamoDB quotas, *Table-level write throughput limit*, on demand.
    pub(super) table_writes: f64,
    /// Read units a second that a new table serves at once. Source: DynamoDB, *Warm throughput*.
    pub(super) warm_reads: f64,
    /// Write units a second that a new table serves at once. Source: the same.
    pub(super) warm_writes: f64,
    /// Read units a second of a partition, and of an item. Source: DynamoDB, *Designing partition keys*; fixed.
    pub(super) partition_reads: f64,
    /// Write units a second of a partition, and of an item. Source: the same; fixed.
    pub(super) partition_writes: f64,
    /// Batches of a shard of the stream that `mailer` takes at once. Source: `ParallelizationFactor`, 1 where unset.
    pub(super) batches: f64,
}

/// The quotas of November 2026 in us-east-1.
pub(super) const DEFAULT: Quotas = Quotas {
    mails_a_day: 50_000.0,
    mails_a_second: 14.0,
    throttling_rate: 500.0,
    hashing_throttling_rate: 50.0,
    gateway_rate: 10_000.0,
    executions: 1_000.0,
    table_reads: 40_000.0,
    table_writes: 40_000.0,
    warm_reads: 12_000.0,
    warm_writes: 4_000.0,
    partition_reads: 3_000.0,
    partition_writes: 1_000.0,
    batches: 10.0,
};

impl Quotas {
    /// Mails a second that the stream brings to SES. The queue's partitions lie in as many shards as a new table has
    /// partitions, and one partition's mails are at most one batch at a time.
    pub(super) fn mails_of_the_stream(&self) -> f64 {
        let shards = (self.warm_writes / self.partition_writes).min(QUEUE_SHARDS);
        (shards * self.batches).min(QUEUE_SHARDS) * MAIL_BATCH / MAIL_SECONDS
    }
}
