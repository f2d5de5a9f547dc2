//! What the bundle sets by itself: its partitions, batches and sweeps, and how long its mails and transactions take.

/// Partitions of the queue of mails. Source: `SHARDS` in `shared/table/src/queue.rs`.
pub(super) const QUEUE_SHARDS: f64 = 16.0;
/// Counters of a price tier's customers. Source: the table of items in `ARCHITECTURE.md`.
pub(super) const TIER_COUNTERS: f64 = 16.0;
/// Mails of a batch of the stream, which are sent at once. Source: `BatchSize` in `template.yaml`.
pub(super) const MAIL_BATCH: f64 = 10.0;
/// Seconds in which a sweep begins to send mails. Source: `MAX_SWEEP_TIME` in `functions/mailer/src/lib.rs`.
pub(super) const SWEEP_SECONDS: f64 = 40.0;
/// Partitions of a day's mails. Source: `SHARDS` in `shared/table/src/records/mail.rs`.
pub(super) const MAIL_SHARDS: f64 = 32.0;
/// Mails that a sweep has under way at once. Source: `CONCURRENT` in `functions/mailer/src/pace.rs`.
pub(super) const SWEPT_AT_ONCE: f64 = 64.0;
/// Seconds between two sweeps. Source: `Schedule` in `functions/mailer/function.yaml`.
pub(super) const SWEEP_INTERVAL_SECONDS: f64 = 60.0;
/// The share of mails that the stream leaves to the sweep. An assumption: three tries of a batch fail.
pub(super) const LEFT_TO_SWEEP: f64 = 0.01;
/// Seconds that a mail takes: a claim, a call of SES of 80 ms, and a transaction. An assumption.
pub(super) const MAIL_SECONDS: f64 = 0.1;
/// Seconds that a transaction keeps its items. Source: *Conflicts* in `ARCHITECTURE.md`, which simulates 10 to 20 ms.
pub(super) const TRANSACTION_SECONDS: f64 = 0.015;
/// Changes a second of one organization's settings, admins or tiers, which follow one another.
///
/// Source: *Conflicts* in `ARCHITECTURE.md`, simulated.
pub(super) const ORGANIZATION_CHANGES: f64 = 50.0;
/// Associations a second whose keys meet on one bucket. Source: *Writes* in `docs/paging.md`, measured.
pub(super) const ASSOCIATIONS_IN_A_ROW: f64 = 119.0;
