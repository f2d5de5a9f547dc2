//! The table of starts and calls.

use std::time::Duration;

use crate::measure::{Kind, Row};

/// The value below which so many percent of the times are.
pub(crate) fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1e3)
}

fn mib(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let mib = bytes as f64 / 1_048_576.0;
    format!("{mib:.1}")
}

pub(crate) fn print(rows: &[Row]) {
    println!("\n## Starts and calls\n");
    println!(
        "Milliseconds, medians; MB of memory and of binaries; DynamoDB calls / round trips / read units / write units.\n"
    );
    println!(
        "| program: route | binary | zipped | cold start | × empty | first call | warm p50 | × bare | warm p99 | CPU | peak | DynamoDB |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    let median = |times: &[Duration]| percentile(times, 50);
    let empty = median(&rows[0].cold_starts);
    for row in rows {
        let (cold, warm) = (median(&row.cold_starts), median(&row.warm));
        let bare = rows.iter().find(|bare| bare.kind == Kind::Bare && bare.route == row.route);
        let to_bare = bare
            .filter(|_| row.kind != Kind::Bare)
            .map_or_else(String::new, |bare| format!("{:.2}", warm.as_secs_f64() / median(&bare.warm).as_secs_f64()));
        let sizes =
            if row.kind == Kind::Python { [String::new(), String::new()] } else { [mib(row.size), mib(row.zipped)] };
        let dynamodb = row.dynamodb.map_or_else(String::new, |[calls, trips, reads, writes]| {
            format!("{calls} / {trips} / {reads} / {writes}")
        });
        println!(
            "| {} | {} | {} | {} | {:.2} | {} | {} | {to_bare} | {} | {} | {} | {dynamodb} |",
            row.name,
            sizes[0],
            sizes[1],
            milliseconds(cold),
            cold.as_secs_f64() / empty.as_secs_f64(),
            milliseconds(median(&row.first_calls)),
            milliseconds(warm),
            milliseconds(percentile(&row.warm, 99)),
            milliseconds(row.cpu_per_call()),
            mib(row.peak_kib * 1024),
        );
    }
}
