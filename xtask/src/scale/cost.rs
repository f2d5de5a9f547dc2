//! What a month costs.

use super::{
    bundle::MAIL_SECONDS,
    calls::{MEMORY, mean},
    load::Load,
};

/// Seconds of a month of 730 hours.
const MONTH_SECONDS: f64 = 730.0 * 3_600.0;

/// What a month costs in USD, at list prices of us-east-1 in November 2026 without discounts for volume. The table's
/// storage and its backups aren't in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    /// API Gateway.
    pub(super) gateway: f64,
    /// Lambda, with `mailer`.
    pub(super) lambda: f64,
    /// Read units.
    pub(super) reads: f64,
    /// Write units.
    pub(super) writes: f64,
    /// Logs of requests, written and kept for a month.
    pub(super) logs: f64,
    /// Mails.
    pub(super) mails: f64,
}

impl Cost {
    /// API Gateway, HTTP API, a million requests. Source of the prices up to `MAILS`: `bench/src/price.rs`.
    pub(super) const GATEWAY: f64 = 1.00;
    /// Lambda, a million requests.
    pub(super) const REQUESTS: f64 = 0.20;
    /// Lambda on arm64, a GB-second.
    pub(super) const GB_SECOND: f64 = 0.000_013_333_4;
    /// DynamoDB on demand, a million read units.
    pub(super) const READS: f64 = 0.125;
    /// DynamoDB on demand, a million write units.
    pub(super) const WRITES: f64 = 0.625;
    /// SES, a million mails.
    pub(super) const MAILS: f64 = 100.0;
    /// Logs of a million requests: 900 bytes each. Source: `docs/costs.md`, which has 0.45, and 0.03 a GB and month.
    const LOGS: f64 = 0.45 + 0.9 * 0.03;

    /// What a month of this load costs.
    pub(super) fn of(load: &Load) -> Self {
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
    pub(super) fn total(&self) -> f64 {
        self.gateway + self.lambda + self.reads + self.writes + self.logs + self.mails
    }
}

#[cfg(test)]
mod tests;
