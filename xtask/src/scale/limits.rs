//! What breaks at which rate: one entry for each limit.

use super::{
    bundle::{
        ASSOCIATIONS_IN_A_ROW, LEFT_TO_SWEEP, MAIL_SECONDS, MAIL_SHARDS, ORGANIZATION_CHANGES, QUEUE_SHARDS,
        SWEEP_INTERVAL_SECONDS, SWEEP_SECONDS, SWEPT_AT_ONCE, TIER_COUNTERS, TRANSACTION_SECONDS,
    },
    calls::{Call, ORGANIZATION, Place, mean, reads_at, share_of, writes_at},
    limit::{Limit, Remedy},
    load::Load,
    numbers::decimal,
    quotas::{DAY_SECONDS, Quotas, REQUESTS_PER_EXECUTION},
};

/// What breaks, first what breaks first.
pub(super) fn limits(load: &Load, quotas: &Quotas) -> Vec<Limit> {
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
            Remedy::Change("copies of the key set"),
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
            Remedy::Change("remember its settings and its plans for some seconds"),
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

#[cfg(test)]
mod tests;
