//! What to ask AWS for, and what to set.

use super::{
    calls::{Call, mean, share_of},
    load::Load,
    quotas::{DAY_SECONDS, Quotas, REQUESTS_PER_EXECUTION},
};

/// The headroom by which a quota should exceed what is needed, as a factor: no load is even.
pub(super) const HEADROOM: f64 = 1.5;

/// Something to ask for.
#[derive(Clone, Debug)]
pub(super) struct Need {
    /// The quota or the parameter.
    pub(super) name: &'static str,
    /// What a new account or a new stack has.
    pub(super) by_default: f64,
    /// What the load takes.
    pub(super) needed: f64,
}

/// What the load takes of each quota that can be raised.
pub(super) fn needs(load: &Load, quotas: &Quotas) -> Vec<Need> {
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
