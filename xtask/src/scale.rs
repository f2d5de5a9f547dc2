//! What the bundle needs at a load, what breaks at which rate, and what a month costs: the generated part of
//! `docs/scale.md`.
//!
//! All of it is arithmetic on three inputs: the load ([`Load`]), what a call takes ([`CALLS`]), and what AWS and the
//! template allow ([`Quotas`]). Nothing was measured at these rates, and no AWS account confirmed them.

use std::fmt;

/// Seconds of a month of 730 hours.
const MONTH_SECONDS: f64 = 730.0 * 3_600.0;
/// Seconds of a day.
const DAY_SECONDS: f64 = 86_400.0;
/// Requests a second that Lambda takes for each execution of its quota, however short they are.
///
/// Source: Lambda quotas, *Invocation requests per Region*.
const REQUESTS_PER_EXECUTION: f64 = 10.0;

/// Partitions of the queue of mails. Source: `SHARDS` in `shared/table/src/queue.rs`.
const QUEUE_SHARDS: f64 = 16.0;
/// Counters of a price tier's customers. Source: the table of items in `ARCHITECTURE.md`.
const TIER_COUNTERS: f64 = 16.0;
/// Mails of a batch of the stream, which are sent at once. Source: `BatchSize` in `functions/mailer/function.yaml`.
const MAIL_BATCH: f64 = 10.0;
/// Seconds in which a sweep begins to send mails. Source: `MAX_SWEEP_TIME` in `functions/mailer/src/lib.rs`.
const SWEEP_SECONDS: f64 = 50.0;
/// Partitions of a day's mails. Source: `SHARDS` in `shared/table/src/records/mail.rs`.
const MAIL_SHARDS: f64 = 32.0;
/// Mails that a sweep has under way at once. Source: `CONCURRENT` in `functions/mailer/src/pace.rs`.
const SWEPT_AT_ONCE: f64 = 64.0;
/// Seconds between two sweeps. Source: `Schedule` in `functions/mailer/function.yaml`.
const SWEEP_INTERVAL_SECONDS: f64 = 60.0;
/// The share of mails that the stream leaves to the sweep. An assumption: three tries of a batch fail.
const LEFT_TO_SWEEP: f64 = 0.01;
/// Seconds that a mail takes: a claim, a call of SES of 80 ms, and a transaction. An assumption.
const MAIL_SECONDS: f64 = 0.1;
/// Seconds that a transaction keeps its items. Source: *Conflicts* in `ARCHITECTURE.md`, which simulates 10 to 20 ms.
const TRANSACTION_SECONDS: f64 = 0.015;
/// Changes a second of one organization's settings, admins or tiers, which follow one another.
///
/// Source: *Conflicts* in `ARCHITECTURE.md`, simulated.
const ORGANIZATION_CHANGES: f64 = 50.0;
/// Associations a second whose keys meet on one bucket. Source: *Writes* in `docs/paging.md`, measured.
const ASSOCIATIONS_IN_A_ROW: f64 = 119.0;

/// Seconds that Lambda waits for a round trip to the table, and is paid for. Source: `bench/src/price.rs`.
const ROUND_TRIP_SECONDS: f64 = 0.004;
/// Memory in MB with which a Lambda has one CPU. Source: `bench/src/price.rs`.
const FULL_CPU: f64 = 1_769.0;
/// Memory in MB of the functions that hash no passwords. Source: `Memory` in `template.yaml`.
const MEMORY: f64 = 512.0;

/// The headroom by which a quota should exceed what is needed, as a factor: no load is even.
const HEADROOM: f64 = 1.5;

/// Who asks, and how often.
#[derive(Clone, Copy, Debug)]
struct Load {
    /// Requests a second to the whole stack.
    requests: f64,
    /// Organizations. The first has twice the load of the second and three times that of the third (Zipf).
    organizations: u32,
    /// The share of an organization's requests that come by its busiest machine credential, from 0 to 1.
    machine: f64,
    /// The share of an organization's requests that its busiest person sends, from 0 to 1.
    person: f64,
}

/// The load that the guide is about.
const TARGET: Load = Load { requests: 50_000.0, organizations: 10_000, machine: 0.5, person: 0.01 };

impl Load {
    /// The share of all requests that the largest organization sends, from 0 to 1.
    fn largest(&self) -> f64 {
        1.0 / (1..=self.organizations).map(|rank| 1.0 / f64::from(rank)).sum::<f64>()
    }

    /// The same load at so many requests a second.
    fn at(self, requests: f64) -> Self {
        Self { requests, ..self }
    }
}

/// Where units go: what lies in one partition of the table, or is one item, has a limit of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// `#ORG`, one item of `ORG#id`.
    OrganizationItem,
    /// The caller's own `ADMIN#user` or `CLIENT#client`, one item of `ORG#id`.
    Caller,
    /// `TIERUSE#tier#0…15` in `ORG#id`.
    TierUse,
    /// Other items of `ORG#id`.
    Organization,
    /// `ORG#id#CUSTOMERS#N`.
    Customers,
    /// `ORG#id#ASSOC#C`, the order that lists read here.
    Associations,
    /// The caller's `USER#id`.
    Account,
    /// `MAIL#day.00…31`.
    MailDay,
    /// `WAIT#0…15`.
    Queue,
    /// Partitions that many callers don't share, such as `EMAIL#address` and `MEMBER#user`.
    Others,
}

/// The places that lie in `ORG#id`.
const ORGANIZATION: [Place; 4] = [Place::OrganizationItem, Place::Caller, Place::TierUse, Place::Organization];

/// What a kind of call takes. Reads are strongly consistent; writes are of transactions, at two units each, but for the
/// claim of a mail.
#[derive(Clone, Copy, Debug)]
struct Call {
    /// What the call does.
    name: &'static str,
    /// Where its units are counted.
    source: &'static str,
    /// Its share of all requests, from 0 to 1.
    share: f64,
    /// Read units and write units by place, with those of `mailer` for the call's mail.
    units: &'static [(Place, u32, u32)],
    /// Mails that it makes.
    mails: f64,
    /// Milliseconds of CPU. Source: *Starts and calls* in `docs/performance.md`; where the call isn't there, the next
    /// dearer one of its kind.
    cpu: f64,
    /// Memory of its function in MB. Source: `template.yaml`.
    memory: f64,
    /// Sequential round trips. Source: `tests/round_trips.rs`.
    round_trips: f64,
}

/// The mix of calls.
const CALLS: [Call; 9] = [
    Call {
        name: "view organization",
        source: "`bench/src/cases.rs`",
        share: 0.30,
        units: &[(Place::OrganizationItem, 1, 0), (Place::Caller, 1, 0), (Place::Account, 1, 0)],
        mails: 0.0,
        cpu: 0.33,
        memory: FULL_CPU,
        round_trips: 1.0,
    },
    Call {
        name: "view customer",
        source: "`bench/src/cases.rs`",
        share: 0.30,
        units: &[
            (Place::OrganizationItem, 1, 0),
            (Place::Organization, 1, 0),
            (Place::Caller, 1, 0),
            (Place::Customers, 1, 0),
            (Place::Account, 1, 0),
        ],
        mails: 0.0,
        cpu: 0.42,
        memory: MEMORY,
        round_trips: 1.0,
    },
    Call {
        name: "exchange a token",
        source: "`bench/src/cases.rs`, and twice `#ORG`: `functions/auth/src/enrich.rs`",
        share: 0.20,
        units: &[
            (Place::Others, 2, 0),
            (Place::Account, 1, 0),
            (Place::OrganizationItem, 2, 0),
            (Place::Organization, 1, 0),
            (Place::Customers, 1, 0),
        ],
        mails: 0.0,
        cpu: 0.64,
        memory: FULL_CPU,
        round_trips: 2.0,
    },
    Call {
        name: "list associations by customer, of a million",
        source: "`docs/paging.md`, and the role check",
        share: 0.10,
        units: &[
            (Place::Associations, 5, 0),
            (Place::OrganizationItem, 1, 0),
            (Place::Caller, 1, 0),
            (Place::Account, 1, 0),
        ],
        mails: 0.0,
        cpu: 0.58,
        memory: MEMORY,
        round_trips: 1.0,
    },
    Call {
        name: "sign in, from a known source",
        source: "`functions/auth/src/login.rs`",
        share: 0.04,
        units: &[(Place::Others, 8, 0), (Place::OrganizationItem, 1, 0)],
        mails: 0.0,
        cpu: 19.87,
        memory: FULL_CPU,
        round_trips: 3.0,
    },
    Call {
        name: "replace a customer",
        source: "`shared/table/src/customers/write.rs`",
        share: 0.02,
        units: &[
            (Place::OrganizationItem, 1, 0),
            (Place::Organization, 1, 0),
            (Place::Caller, 1, 0),
            (Place::Account, 1, 0),
            (Place::Customers, 2, 2),
            (Place::TierUse, 0, 2),
            (Place::Others, 1, 2),
        ],
        mails: 0.0,
        cpu: 0.61,
        memory: MEMORY,
        round_trips: 2.0,
    },
    Call {
        name: "associate a new user",
        source: "*Imports* in `docs/performance.md`, and four parents",
        share: 0.02,
        units: &[
            (Place::OrganizationItem, 1, 0),
            (Place::Caller, 1, 0),
            (Place::Account, 1, 0),
            (Place::Associations, 1, 6),
            (Place::Others, 7, 20),
        ],
        mails: 0.0,
        cpu: 0.61,
        memory: MEMORY,
        round_trips: 2.0,
    },
    Call {
        name: "promote a stranger",
        source: "*The walk of one request* in `ARCHITECTURE.md`, and two parents",
        share: 0.01,
        units: &[
            (Place::OrganizationItem, 1, 2),
            (Place::Caller, 2, 2),
            (Place::Organization, 2, 6),
            (Place::Account, 1, 2),
            (Place::Others, 5, 16),
            (Place::MailDay, 0, 5),
            (Place::Queue, 0, 4),
        ],
        mails: 1.0,
        cpu: 0.61,
        memory: MEMORY,
        round_trips: 2.0,
    },
    Call {
        name: "forget a password",
        source: "`shared/table/src/resets.rs`",
        share: 0.01,
        units: &[(Place::Queue, 1, 8), (Place::Others, 2, 6), (Place::MailDay, 0, 5)],
        mails: 1.0,
        cpu: 0.38,
        memory: FULL_CPU,
        round_trips: 1.0,
    },
];

impl Call {
    /// Seconds that Lambda bills: CPU time by the function's share of a CPU and the round trips, by the millisecond.
    fn seconds(&self) -> f64 {
        let seconds = self.cpu / 1e3 / (self.memory / FULL_CPU) + self.round_trips * ROUND_TRIP_SECONDS;
        (seconds * 1e3).ceil() / 1e3
    }

    /// Read units and write units of one call.
    fn units(&self) -> (f64, f64) {
        self.units.iter().fold((0.0, 0.0), |(reads, writes), (_, more_reads, more_writes)| {
            (reads + f64::from(*more_reads), writes + f64::from(*more_writes))
        })
    }

    /// Read units and write units of one call at these places.
    fn units_at(&self, places: &[Place]) -> (f64, f64) {
        let here = self.units.iter().filter(|(place, _, _)| places.contains(place));
        here.fold((0.0, 0.0), |(reads, writes), (_, more_reads, more_writes)| {
            (reads + f64::from(*more_reads), writes + f64::from(*more_writes))
        })
    }
}

/// The mean of something over all requests.
fn mean(of: impl Fn(&Call) -> f64) -> f64 {
    CALLS.iter().map(|call| call.share * of(call)).sum()
}

/// The mean read units of a request at these places.
fn reads_at(places: &[Place]) -> f64 {
    mean(|call| call.units_at(places).0)
}

/// The mean write units of a request at these places.
fn writes_at(places: &[Place]) -> f64 {
    mean(|call| call.units_at(places).1)
}

/// The share of requests that are calls of this name, from 0 to 1.
fn share_of(name: &str) -> f64 {
    CALLS.iter().filter(|call| call.name.starts_with(name)).map(|call| call.share).sum()
}

/// What AWS and the template allow, as a stack and an account are at first.
#[derive(Clone, Copy, Debug)]
struct Quotas {
    /// Mails a day, once out of the sandbox. SES sets it for each account, and this is the usual beginning.
    ///
    /// An account's own is in `aws sesv2 get-account`.
    mails_a_day: f64,
    /// Mails a second, once out of the sandbox; the same holds.
    mails_a_second: f64,
    /// Requests a second that the stage lets through. Source: `ThrottlingRate` in `template.yaml`.
    throttling_rate: f64,
    /// Requests a second to each route that hashes passwords. Source: `HashingThrottlingRate` in `template.yaml`.
    hashing_throttling_rate: f64,
    /// Requests a second to all APIs of an account in a region. Source: API Gateway quotas, *Throttle rate*.
    gateway_rate: f64,
    /// Executions of all functions at once. Source: Lambda quotas, *Concurrent executions*; new accounts may have 10.
    executions: f64,
    /// Read units a second of a table. Source: DynamoDB quotas, *Table-level read throughput limit*, on demand.
    table_reads: f64,
    /// Write units a second of a table. Source: DynamoDB quotas, *Table-level write throughput limit*, on demand.
    table_writes: f64,
    /// Read units a second that a new table serves at once. Source: DynamoDB, *Warm throughput*.
    warm_reads: f64,
    /// Write units a second that a new table serves at once. Source: the same.
    warm_writes: f64,
    /// Read units a second of a partition, and of an item. Source: DynamoDB, *Designing partition keys*; fixed.
    partition_reads: f64,
    /// Write units a second of a partition, and of an item. Source: the same; fixed.
    partition_writes: f64,
    /// Batches of a shard of the stream that `mailer` takes at once. Source: `ParallelizationFactor`, 1 where unset.
    batches: f64,
}

/// The quotas of November 2026 in us-east-1.
const DEFAULT: Quotas = Quotas {
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
    fn mails_of_the_stream(&self) -> f64 {
        let shards = (self.warm_writes / self.partition_writes).min(QUEUE_SHARDS);
        (shards * self.batches).min(QUEUE_SHARDS) * MAIL_BATCH / MAIL_SECONDS
    }
}

/// What moves a limit.
#[derive(Clone, Copy, Debug)]
enum Remedy {
    /// AWS raises a quota.
    Ask(&'static str),
    /// A parameter or a property is set.
    Set(&'static str),
    /// DynamoDB does it by itself.
    Wait(&'static str),
    /// The code has to change.
    Change(&'static str),
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ask(what) => write!(f, "ask: {what}"),
            Self::Set(what) => write!(f, "set: {what}"),
            Self::Wait(what) => write!(f, "wait: {what}"),
            Self::Change(what) => write!(f, "change: {what}"),
        }
    }
}

/// Something that breaks.
#[derive(Clone, Debug)]
struct Limit {
    /// What breaks.
    name: &'static str,
    /// Requests a second to the whole stack at which it breaks.
    rate: f64,
    /// Requests a second of one organization at which it breaks, if it is an organization's own.
    of_organization: Option<f64>,
    /// The number that makes it break.
    because: String,
    /// What moves it.
    remedy: Remedy,
}

impl Limit {
    /// A limit of the whole stack: so many of `unit` a second, of which a mean request takes `each`.
    fn whole(name: &'static str, most: f64, unit: &str, each: f64, remedy: Remedy) -> Self {
        let because = format!("{} {unit} a second; a request takes {}", decimal(most), decimal(each));
        Self { name, rate: most / each, of_organization: None, because, remedy }
    }

    /// A limit of the whole stack on requests themselves, so many a second.
    fn of_requests(name: &'static str, most: f64, remedy: Remedy) -> Self {
        let because = format!("{} requests a second", decimal(most));
        Self { because, ..Self::whole(name, most, "requests", 1.0, remedy) }
    }

    /// A limit of each organization, which the largest one meets first.
    fn of_each(load: &Load, name: &'static str, most: f64, unit: &str, each: f64, remedy: Remedy) -> Self {
        let limit = Self::whole(name, most, unit, each, remedy);
        Self { rate: limit.rate / load.largest(), of_organization: Some(limit.rate), ..limit }
    }

    /// The same limit for another reason.
    fn because(self, because: String) -> Self {
        Self { because, ..self }
    }
}

/// What breaks, first what breaks first.
fn limits(load: &Load, quotas: &Quotas) -> Vec<Limit> {
    let mut limits = of_mails(quotas);
    limits.extend(of_gateway_and_lambda(quotas));
    limits.extend(of_table(quotas));
    limits.extend(of_organization(load, quotas));
    limits.extend(of_indexes(load, quotas));
    limits.sort_by(|one, other| one.rate.total_cmp(&other.rate));
    limits
}

fn of_mails(quotas: &Quotas) -> Vec<Limit> {
    let mails = mean(|call| call.mails);
    let a_day = mails * DAY_SECONDS;
    let day = format!("{} mails a day; one request a second makes {}", decimal(quotas.mails_a_day), decimal(a_day));
    vec![
        Limit::whole("SES: mails a day", quotas.mails_a_day, "", a_day, Remedy::Ask("SES for a higher sending quota"))
            .because(day),
        Limit::whole(
            "SES: mails a second",
            quotas.mails_a_second,
            "mails",
            mails,
            Remedy::Ask("SES for a higher sending rate"),
        ),
        Limit::whole(
            "`mailer`, by the stream of a new table",
            quotas.mails_of_the_stream(),
            "mails",
            mails,
            Remedy::Change("more `WAIT` partitions than sixteen"),
        ),
        Limit::whole(
            "`mailer`, by the sweep, for one mail in a hundred",
            SWEPT_AT_ONCE / MAIL_SECONDS * SWEEP_SECONDS / SWEEP_INTERVAL_SECONDS,
            "mails",
            mails * LEFT_TO_SWEEP,
            Remedy::Change("more mails at once than 64"),
        ),
        Limit::whole(
            "`MAIL#day.00…31`, the mails of a day",
            quotas.partition_writes * MAIL_SHARDS,
            "write units",
            writes_at(&[Place::MailDay]),
            Remedy::Change("more shards"),
        ),
        Limit::whole(
            "`WAIT#0…15`, the queue",
            quotas.partition_writes * QUEUE_SHARDS,
            "write units",
            writes_at(&[Place::Queue]),
            Remedy::Change("more shards"),
        ),
    ]
}

fn of_gateway_and_lambda(quotas: &Quotas) -> Vec<Limit> {
    let seconds = mean(Call::seconds);
    let takes = format!("a request takes {} ms", decimal(seconds * 1e3));
    vec![
        Limit::of_requests(
            "gateway: the stage's throttle",
            quotas.throttling_rate,
            Remedy::Set("`ThrottlingRate` and `ThrottlingBurst`"),
        ),
        Limit::whole(
            "gateway: the throttle of `/api/auth/login`",
            quotas.hashing_throttling_rate,
            "sign-ins",
            share_of("sign in"),
            Remedy::Set("`HashingThrottlingRate` and `HashingThrottlingBurst`"),
        ),
        Limit::of_requests(
            "gateway: the account's quota",
            quotas.gateway_rate,
            Remedy::Ask("API Gateway for a higher throttle rate"),
        ),
        Limit::of_requests(
            "Lambda: requests",
            quotas.executions * REQUESTS_PER_EXECUTION,
            Remedy::Ask("Lambda for more concurrent executions; then set `ConcurrencyQuota`"),
        )
        .because(format!("ten requests a second for each of {} executions", decimal(quotas.executions))),
        Limit::whole("Lambda: executions at once", quotas.executions, "", seconds, Remedy::Ask("Lambda for the same"))
            .because(format!("{} executions; {takes}", decimal(quotas.executions))),
        Limit::whole(
            "`KEYS`, where tokens name invented keys",
            quotas.partition_reads,
            "",
            seconds,
            Remedy::Change("known keys that last longer where `KEYS` can't be read"),
        )
        .because(format!(
            "{} read units a second; each execution looks up one key a second, and {takes}",
            decimal(quotas.partition_reads)
        )),
    ]
}

fn of_table(quotas: &Quotas) -> Vec<Limit> {
    let (reads, writes) = (mean(|call| call.units().0), mean(|call| call.units().1));
    vec![
        Limit::whole(
            "the new table: reads",
            quotas.warm_reads,
            "read units",
            reads,
            Remedy::Set("the table's `WarmThroughput` before the launch; later it grows with use"),
        ),
        Limit::whole("the new table: writes", quotas.warm_writes, "write units", writes, Remedy::Set("the same")),
        Limit::whole(
            "the table's quota: reads",
            quotas.table_reads,
            "read units",
            reads,
            Remedy::Ask("DynamoDB for a higher table-level read limit"),
        ),
        Limit::whole(
            "the table's quota: writes",
            quotas.table_writes,
            "write units",
            writes,
            Remedy::Ask("DynamoDB for a higher table-level write limit"),
        ),
    ]
}

fn of_organization(load: &Load, quotas: &Quotas) -> Vec<Limit> {
    let reads = |name, each, remedy| Limit::of_each(load, name, quotas.partition_reads, "read units", each, remedy);
    vec![
        reads(
            "`ORG#id`, before it is split: reads, most of them of role checks",
            reads_at(&ORGANIZATION),
            Remedy::Wait("it is split by sort key within minutes; single items hold then"),
        ),
        reads(
            "`#ORG`, one item: reads",
            reads_at(&[Place::OrganizationItem]),
            Remedy::Change("one read for an exchange, which makes two; remember that an organization exists"),
        ),
        reads(
            "a machine's `CLIENT#client`, one item: reads",
            reads_at(&[Place::Caller]) * load.machine,
            Remedy::Set("another credential for the same machine"),
        ),
        reads(
            "a person's `USER#id`, one item: reads",
            reads_at(&[Place::Account]) * load.person,
            Remedy::Change("a copy of the sign-in beside the role"),
        ),
        Limit::of_each(
            load,
            "`ORG#id`, with `TIERUSE#…`: writes",
            quotas.partition_writes,
            "write units",
            writes_at(&ORGANIZATION),
            Remedy::Wait("it is split; beyond that, counters in a partition of their own"),
        ),
        Limit::of_each(
            load,
            "`#ORG`: changes of admins, tiers and settings, one after the other",
            ORGANIZATION_CHANGES,
            "changes",
            share_of("promote"),
            Remedy::Change("counts of admins and tiers in items of their own"),
        ),
        Limit::of_each(
            load,
            "`TIERUSE#tier#0…15`: one transaction at a time for each counter of a tier",
            TIER_COUNTERS / TRANSACTION_SECONDS,
            "writes",
            share_of("replace a customer"),
            Remedy::Change("more counters; imports, whose rows share an action, need fewer writes"),
        ),
    ]
}

fn of_indexes(load: &Load, quotas: &Quotas) -> Vec<Limit> {
    let split = Remedy::Wait("it is split by sort key; the parents alone hold a thousand lists a second");
    vec![
        Limit::of_each(
            load,
            "`ORG#id#ASSOC#C`, with parents: reads by lists",
            quotas.partition_reads,
            "read units",
            reads_at(&[Place::Associations]),
            split,
        ),
        Limit::of_each(
            load,
            "`ORG#id#ASSOC#C`, with buckets and parents: writes",
            quotas.partition_writes,
            "write units",
            writes_at(&[Place::Associations]),
            Remedy::Wait("it is split; imports, whose rows share a bucket's action, need fewer units"),
        ),
        Limit::of_each(
            load,
            "one bucket: associations in the order of keys",
            ASSOCIATIONS_IN_A_ROW,
            "associations",
            share_of("associate"),
            Remedy::Set("imports, or any other order"),
        ),
        Limit::of_each(
            load,
            "`ORG#id#CUSTOMERS#N`: reads",
            quotas.partition_reads,
            "read units",
            reads_at(&[Place::Customers]),
            Remedy::Wait("it is split by sort key"),
        ),
    ]
}

/// What a month costs in USD, at list prices of us-east-1 in November 2026 without discounts for volume. The table's
/// storage and its backups aren't in it.
#[derive(Clone, Copy, Debug)]
struct Cost {
    /// API Gateway.
    gateway: f64,
    /// Lambda, with `mailer`.
    lambda: f64,
    /// Read units.
    reads: f64,
    /// Write units.
    writes: f64,
    /// Logs of requests, written and kept for a month.
    logs: f64,
    /// Mails.
    mails: f64,
}

impl Cost {
    /// API Gateway, HTTP API, a million requests. Source of the prices up to `MAILS`: `bench/src/price.rs`.
    const GATEWAY: f64 = 1.00;
    /// Lambda, a million requests.
    const REQUESTS: f64 = 0.20;
    /// Lambda on arm64, a GB-second.
    const GB_SECOND: f64 = 0.000_013_333_4;
    /// DynamoDB on demand, a million read units.
    const READS: f64 = 0.125;
    /// DynamoDB on demand, a million write units.
    const WRITES: f64 = 0.625;
    /// SES, a million mails.
    const MAILS: f64 = 100.0;
    /// Logs of a million requests: 900 bytes each. Source: `docs/costs.md`, which has 0.45, and 0.03 a GB and month.
    const LOGS: f64 = 0.45 + 0.9 * 0.03;

    /// What a month of this load costs.
    fn of(load: &Load) -> Self {
        // Prices are for a million.
        let millions = load.requests * MONTH_SECONDS / 1e6;
        let gb_seconds = |seconds: f64, memory: f64| seconds * memory / 1_024.0 * Self::GB_SECOND * 1e6;
        // At worst, each mail is a batch of its own.
        let mail = Self::REQUESTS + gb_seconds(MAIL_SECONDS, MEMORY);
        let lambda = mean(|call| Self::REQUESTS + gb_seconds(call.seconds(), call.memory) + call.mails * mail);
        Self {
            gateway: millions * Self::GATEWAY,
            lambda: millions * lambda,
            reads: millions * mean(|call| call.units().0) * Self::READS,
            writes: millions * mean(|call| call.units().1) * Self::WRITES,
            logs: millions * Self::LOGS,
            mails: millions * mean(|call| call.mails) * Self::MAILS,
        }
    }

    /// The sum.
    fn total(&self) -> f64 {
        self.gateway + self.lambda + self.reads + self.writes + self.logs + self.mails
    }
}

/// Something to ask for.
#[derive(Clone, Debug)]
struct Need {
    /// The quota or the parameter.
    name: &'static str,
    /// What a new account or a new stack has.
    by_default: f64,
    /// What the load takes.
    needed: f64,
}

/// What the load takes of each quota that can be raised.
fn needs(load: &Load, quotas: &Quotas) -> Vec<Need> {
    let rate = load.requests;
    let (reads, writes) = (rate * mean(|call| call.units().0), rate * mean(|call| call.units().1));
    let mails = rate * mean(|call| call.mails);
    // Those that run at once and those of the quota of requests are one quota.
    let executions = (rate * mean(Call::seconds)).max(rate / REQUESTS_PER_EXECUTION);
    let need = |name, by_default, needed| Need { name, by_default, needed };
    vec![
        need("API Gateway: throttle rate, requests a second", quotas.gateway_rate, rate),
        need("`ThrottlingRate`, requests a second", quotas.throttling_rate, rate),
        need("`HashingThrottlingRate`, requests a second", quotas.hashing_throttling_rate, rate * share_of("sign in")),
        need("Lambda: concurrent executions", quotas.executions, executions),
        need("DynamoDB: table-level reads, units a second", quotas.table_reads, reads),
        need("DynamoDB: table-level writes, units a second", quotas.table_writes, writes),
        need("the table's warm throughput: reads, units a second", quotas.warm_reads, reads),
        need("the table's warm throughput: writes, units a second", quotas.warm_writes, writes),
        need("SES: sending rate, mails a second", quotas.mails_a_second, mails),
        need("SES: sending quota, mails a day", quotas.mails_a_day, mails * DAY_SECONDS),
    ]
}

/// Returns the generated part of `docs/scale.md`: Markdown, at the load of the guide.
pub(crate) fn report() -> String {
    [calls(), rates(&TARGET, &DEFAULT), questions(&TARGET, &DEFAULT), costs(&TARGET)].concat()
}

fn calls() -> String {
    let head = "| call | percent | read units | write units | mails | ms | units counted in |";
    let row = |call: &Call| {
        let (reads, writes) = call.units();
        let numbers = [call.share * 100.0, reads, writes, call.mails, call.seconds() * 1e3].map(decimal);
        format!("| {} | {} | {} |\n", call.name, numbers.join(" | "), call.source)
    };
    let means = [mean(|call| call.units().0), mean(|call| call.units().1), mean(|call| call.mails)];
    let [reads, writes, mails] = means.map(decimal);
    let milliseconds = decimal(mean(Call::seconds) * 1e3);
    let mut rows: Vec<_> = CALLS.iter().map(row).collect();
    rows.push(format!("| a mean request | 100 | {reads} | {writes} | {mails} | {milliseconds} | |\n"));
    let text = "Milliseconds are those that Lambda bills. Units are those of the call and of its mail.";
    section("The mix of calls", text, head, &rows)
}

fn rates(load: &Load, quotas: &Quotas) -> String {
    let limits = limits(load, quotas);
    let row = |limit: &Limit| {
        let Limit { name, rate, of_organization, because, remedy } = limit;
        let [all, one] = [Some(*rate), *of_organization].map(|rate| rate.map(rounded).unwrap_or_default());
        format!("| {name} | {all} | {one} | {} | {because} | {remedy} |\n", decimal(load.requests / rate))
    };
    let in_code = limits.iter().filter(|limit| matches!(limit.remedy, Remedy::Change(_)));
    let first = in_code.take(2).map(|limit| format!("- {}: at {}\n", limit.name, rounded(limit.rate)));
    let first: Vec<_> = first.collect();
    let text = format!(
        "Requests a second, with the quotas of a new account and a new stack. Of {} organizations, the largest has\n\
         {} percent of the load: {} of {} requests a second. *Times over* is the whole load divided by the rate. For a\n\
         limit of one organization, it also says how many of the largest are over it.\n\n\
         Of what only a change of the code moves, these two break first:\n\n{}",
        rounded(f64::from(load.organizations)),
        decimal(load.largest() * 100.0),
        rounded(load.requests * load.largest()),
        rounded(load.requests),
        first.concat().trim_end()
    );
    let head = "| what breaks | of all | of one organization | times over | because | what moves it |";
    section("What breaks at which rate", &text, head, &limits.iter().map(row).collect::<Vec<_>>())
}

fn questions(load: &Load, quotas: &Quotas) -> String {
    let row = |need: &Need| {
        let Need { name, by_default, needed } = need;
        let numbers = [*by_default, *needed, (needed * HEADROOM).max(*by_default)].map(rounded);
        format!("| {name} | {} |\n", numbers.join(" | "))
    };
    let text = format!(
        "For {} requests a second, with a headroom of {} percent.",
        rounded(load.requests),
        decimal((HEADROOM - 1.0) * 100.0)
    );
    let head = "| quota or parameter | by default | needed | ask for |";
    section("What to ask for", &text, head, &needs(load, quotas).iter().map(row).collect::<Vec<_>>())
}

/// A row of the table of costs: what is paid for, and how many USD of a month's cost.
type CostRow = (&'static str, fn(&Cost) -> f64);

fn costs(load: &Load) -> String {
    let loads = [1.0, 0.1, 0.01].map(|part| load.at(load.requests * part));
    let costs = loads.map(|load| Cost::of(&load));
    let row =
        |(name, value): &CostRow| format!("| {name} | {} |\n", costs.map(|cost| rounded(value(&cost))).join(" | "));
    let rows: [CostRow; 7] = [
        ("API Gateway", |cost| cost.gateway),
        ("Lambda", |cost| cost.lambda),
        ("DynamoDB: reads", |cost| cost.reads),
        ("DynamoDB: writes", |cost| cost.writes),
        ("logs", |cost| cost.logs),
        ("mails", |cost| cost.mails),
        ("in all", Cost::total),
    ];
    let head = format!("| at requests a second | {} |", loads.map(|load| rounded(load.requests)).join(" | "));
    let text = "USD for 730 hours of an even load, at list prices without discounts for volume.";
    section("What a month costs", text, &head, &rows.iter().map(row).collect::<Vec<_>>()) + "\n"
}

/// A heading, a text and a table, with a line between them.
fn section(title: &str, text: &str, head: &str, rows: &[String]) -> String {
    let columns = head.matches('|').count() - 1;
    format!("\n### {title}\n\n{text}\n\n{head}\n|{}\n{}", " --- |".repeat(columns), rows.concat())
}

/// A number with three significant digits and commas. Inputs are known no better.
fn rounded(number: f64) -> String {
    let mut unit = 1.0;
    while number / unit >= 999.5 {
        unit *= 10.0;
    }
    if number < 10.0 { decimal(number) } else { with_commas((number / unit).round() * unit) }
}

/// A number with two decimals, and four below a hundredth; whole, with commas, from a thousand on.
fn decimal(number: f64) -> String {
    if number >= 1_000.0 {
        return with_commas(number);
    }
    // More decimals where two would leave nothing.
    let text = if number < 0.01 { format!("{number:.4}") } else { format!("{number:.2}") };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A whole number with a comma before each three digits.
fn with_commas(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same but for what additions in another order make of it.
    fn is_about(one: f64, other: f64) -> bool {
        (one - other).abs() <= one.abs() * 1e-9
    }

    #[test]
    fn a_doubled_load_doubles_the_cost() {
        let (once, twice) = (Cost::of(&TARGET), Cost::of(&TARGET.at(2.0 * TARGET.requests)));
        assert!(is_about(twice.total(), 2.0 * once.total()));
        assert!(is_about(twice.mails, 2.0 * once.mails));
    }

    #[test]
    fn a_month_costs_what_is_reckoned_by_hand() {
        let cost = Cost::of(&TARGET);
        let millions = 50_000.0 * 730.0 * 3_600.0 / 1e6;
        assert!(is_about(cost.gateway, millions));
        assert!(is_about(cost.reads, millions * 5.46 * 0.125));
        assert!(is_about(cost.writes, millions * 1.2 * 0.625));
        assert!(is_about(cost.logs, millions * 0.477));
        assert!(is_about(cost.mails, millions * 0.02 * 100.0));
        // Milliseconds by a whole CPU, and by 512 MB.
        let whole = 0.30 * 5.0 + 0.20 * 9.0 + 0.04 * 32.0 + 0.01 * 5.0;
        let part = 0.30 * 6.0 + 0.10 * 7.0 + 0.05 * 11.0 + 0.02 * 100.0;
        let gb_seconds = (whole * 1_769.0 + part * 512.0) / 1_024.0 * 1e3;
        assert!(is_about(cost.lambda, millions * (1.02 * 0.20 + gb_seconds * 0.000_013_333_4)));
    }

    #[test]
    fn a_limit_that_is_raised_breaks_later() {
        let raised: [fn(&mut Quotas); 12] = [
            |quotas| quotas.mails_a_day *= 2.0,
            |quotas| quotas.mails_a_second *= 2.0,
            |quotas| quotas.throttling_rate *= 2.0,
            |quotas| quotas.hashing_throttling_rate *= 2.0,
            |quotas| quotas.gateway_rate *= 2.0,
            |quotas| quotas.executions *= 2.0,
            |quotas| quotas.table_reads *= 2.0,
            |quotas| quotas.table_writes *= 2.0,
            |quotas| quotas.warm_reads *= 2.0,
            |quotas| quotas.warm_writes *= 2.0,
            |quotas| quotas.partition_reads *= 2.0,
            |quotas| quotas.partition_writes *= 2.0,
        ];
        let rate = |limits: &[Limit], name| limits.iter().find(|limit| limit.name == name).unwrap().rate;
        let before = limits(&TARGET, &DEFAULT);
        for (number, raise) in raised.into_iter().enumerate() {
            let mut quotas = DEFAULT;
            raise(&mut quotas);
            let after = limits(&TARGET, &quotas);
            let later = before.iter().filter(|limit| rate(&after, limit.name) > limit.rate).count();
            assert!(later > 0, "no limit breaks later by the quota {number}");
        }
    }

    #[test]
    fn each_rate_is_what_is_reckoned_by_hand() {
        // The sum of 1, 1/2, 1/3 and so on to 1/10,000.
        let harmonic = 9.787_606_036_044_382;
        let by_hand = [
            ("SES: mails a day", 50_000.0 / 86_400.0 / 0.02),
            ("gateway: the stage's throttle", 500.0),
            ("SES: mails a second", 14.0 / 0.02),
            ("gateway: the throttle of `/api/auth/login`", 50.0 / 0.04),
            ("the new table: reads", 12_000.0 / 5.46),
            ("the new table: writes", 4_000.0 / 1.2),
            ("the table's quota: reads", 40_000.0 / 5.46),
            ("the table's quota: writes", 40_000.0 / 1.2),
            ("`MAIL#day.00…31`, the mails of a day", 32.0 * 1_000.0 / 5.0 / 0.02),
            ("gateway: the account's quota", 10_000.0),
            ("Lambda: requests", 10.0 * 1_000.0),
            ("Lambda: executions at once", 1_000.0 / 0.007_68),
            ("`KEYS`, where tokens name invented keys", 3_000.0 / 0.007_68),
            ("`mailer`, by the stream of a new table", 16.0 * 10.0 / 0.1 / 0.02),
            ("`mailer`, by the sweep, for one mail in a hundred", 64.0 / 0.1 * 50.0 / 60.0 / 0.000_2),
            ("`WAIT#0…15`, the queue", 16.0 * 1_000.0 / (0.01 * 4.0 + 0.01 * 8.0)),
            (
                "`ORG#id`, before it is split: reads, most of them of role checks",
                3_000.0 / (0.30 * 2.0 + 0.30 * 3.0 + 0.20 * 3.0 + 0.10 * 2.0 + 0.04 + 0.02 * 3.0 + 0.02 * 2.0 + 0.05)
                    * harmonic,
            ),
            ("`#ORG`, one item: reads", 3_000.0 / (0.60 + 0.20 * 2.0 + 0.10 + 0.04 + 0.05) * harmonic),
            ("a machine's `CLIENT#client`, one item: reads", 3_000.0 / (0.74 + 0.02) / 0.5 * harmonic),
            ("a person's `USER#id`, one item: reads", 3_000.0 / 0.95 / 0.01 * harmonic),
            ("`ORG#id`, with `TIERUSE#…`: writes", 1_000.0 / (0.02 * 2.0 + 0.01 * 10.0) * harmonic),
            ("`#ORG`: changes of admins, tiers and settings, one after the other", 50.0 / 0.01 * harmonic),
            (
                "`TIERUSE#tier#0…15`: one transaction at a time for each counter of a tier",
                16.0 / 0.015 / 0.02 * harmonic,
            ),
            ("`ORG#id#ASSOC#C`, with parents: reads by lists", 3_000.0 / (0.10 * 5.0 + 0.02) * harmonic),
            ("`ORG#id#ASSOC#C`, with buckets and parents: writes", 1_000.0 / (0.02 * 6.0) * harmonic),
            ("one bucket: associations in the order of keys", 119.0 / 0.02 * harmonic),
            ("`ORG#id#CUSTOMERS#N`: reads", 3_000.0 / (0.30 + 0.20 + 0.02 * 2.0) * harmonic),
        ];
        let limits = limits(&TARGET, &DEFAULT);
        assert_eq!(limits.len(), by_hand.len());
        for limit in &limits {
            let (_, rate) = by_hand.iter().find(|(name, _)| *name == limit.name).expect(limit.name);
            assert!(is_about(limit.rate, *rate), "{}: {} and by hand {rate}", limit.name, limit.rate);
        }
        assert!(limits.is_sorted_by(|one, other| one.rate <= other.rate));
    }

    #[test]
    fn all_calls_are_the_whole_load() {
        assert!(is_about(mean(|_| 1.0), 1.0));
    }

    #[test]
    fn what_others_say_is_what_they_say_here() {
        let prices = include_str!("../../bench/src/price.rs");
        let template = include_str!("../../template.yaml");
        let mailer = include_str!("../../functions/mailer/function.yaml");
        let says = |text: &str, line: String| assert!(text.contains(&line), "{line}");
        says(prices, format!("GATEWAY: f64 = {:.2};", Cost::GATEWAY));
        says(prices, format!("REQUESTS: f64 = {:.2};", Cost::REQUESTS));
        says(prices, "GB_SECOND: f64 = 0.000_013_333_4;".to_owned());
        assert!(is_about(Cost::GB_SECOND, 0.000_013_333_4));
        says(prices, format!("READS: f64 = {};", Cost::READS));
        says(prices, format!("WRITES: f64 = {};", Cost::WRITES));
        says(prices, format!("MAILS: f64 = {:.1};", Cost::MAILS));
        says(prices, format!("ROUND_TRIP: f64 = {ROUND_TRIP_SECONDS};"));
        says(prices, format!("FULL_CPU: f64 = {FULL_CPU:.1};"));
        let parameter = |name, value| format!("  {name}:\n    Type: Number\n    Default: {value}\n");
        says(template, parameter("ThrottlingRate", DEFAULT.throttling_rate));
        says(template, parameter("HashingThrottlingRate", DEFAULT.hashing_throttling_rate));
        says(template, parameter("Memory", MEMORY));
        says(template, parameter("HashingMemory", FULL_CPU));
        says(template, parameter("ConcurrencyQuota", DEFAULT.executions));
        says(mailer, format!("BatchSize: {MAIL_BATCH}\n"));
        assert!(is_about(SWEEP_INTERVAL_SECONDS, 60.0));
        says(mailer, "rate(1 minute)".to_owned());
        // One batch at a time is Lambda's default, which needs no line.
        let factor = mailer.split_once("ParallelizationFactor: ").and_then(|(_, rest)| rest.lines().next());
        assert_eq!(factor.unwrap_or("1"), DEFAULT.batches.to_string());
        let pace = include_str!("../../functions/mailer/src/pace.rs");
        says(pace, format!("RangeInclusive<usize> = 10..={SWEPT_AT_ONCE};"));
        let sweep = include_str!("../../functions/mailer/src/lib.rs");
        says(sweep, format!("MAX_SWEEP_TIME: Duration = Duration::from_secs({SWEEP_SECONDS})"));
        says(include_str!("../../shared/table/src/records/mail.rs"), format!("SHARDS: u8 = {MAIL_SHARDS};"));
        says(include_str!("../../shared/table/src/queue.rs"), format!("SHARDS: u8 = {QUEUE_SHARDS};"));
    }

    #[test]
    fn numbers_are_rounded_for_readers() {
        assert_eq!(
            [0.5, 9.25, 28.9, 999.6, 1_234.0, 86_400_000.0].map(rounded).join(" "),
            "0.5 9.25 29 1,000 1,230 86,400,000"
        );
        assert_eq!([0.0, 0.000_2, 0.1, 7.68, 14.0, 1_066.7].map(decimal).join(" "), "0 0.0002 0.1 7.68 14 1,067");
    }
}
