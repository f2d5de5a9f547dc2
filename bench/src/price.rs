//! What a million calls cost, from counted units and measured CPU time, at list prices of us-east-1 in November 2026,
//! in USD.

use crate::measure::{Kind, Row};

/// API Gateway, HTTP API, a million requests.
const GATEWAY: f64 = 1.00;
/// Lambda, a million requests.
const REQUESTS: f64 = 0.20;
/// Lambda on arm64, a GB-second.
const GB_SECOND: f64 = 0.000_013_333_4;
/// DynamoDB on demand, a million read units, and write units.
const READS: f64 = 0.125;
const WRITES: f64 = 0.625;
/// SES, a million mails.
const MAILS: f64 = 100.0;
/// A round trip to DynamoDB within a region, in seconds, during which a Lambda waits and is paid for.
const ROUND_TRIP: f64 = 0.004;
/// Memory with which a Lambda has one CPU, in MB.
const FULL_CPU: f64 = 1769.0;

pub(crate) fn print(rows: &[Row]) {
    println!("\n## The price of a million calls\n");
    println!(
        "List prices of us-east-1, November 2026, in USD. A Lambda is paid for its CPU time, by its share of a CPU, and for 4 ms for each round trip.\n"
    );
    println!("| route | memory | Lambda | DynamoDB | gateway | in all |\n| --- | --- | --- | --- | --- | --- |");
    for row in rows.iter().filter(|row| row.kind == Kind::Ours && !row.name.starts_with("mailer")) {
        let [_, trips, reads, writes] = row.dynamodb.unwrap_or_default();
        let hashes = ["accounts", "auth", "organizations"].iter().any(|function| row.name.starts_with(function));
        let memory = if hashes { FULL_CPU } else { 512.0 };
        let seconds = row.cpu_per_call().as_secs_f64() / (memory / FULL_CPU) + trips * ROUND_TRIP;
        // Billed by the millisecond.
        let seconds = (seconds * 1e3).ceil() / 1e3;
        let lambda = REQUESTS + seconds * memory / 1024.0 * GB_SECOND * 1e6;
        let dynamodb = reads * READS + writes * WRITES;
        let total = lambda + dynamodb + GATEWAY;
        println!("| {} | {memory} MB | {lambda:.2} | {dynamodb:.2} | {GATEWAY:.2} | {total:.2} |", row.route);
    }
    println!("\nA million mails cost another {MAILS:.2} at SES.");
}
