use super::{
    bundle::{MAIL_BATCH, MAIL_SHARDS, QUEUE_SHARDS, SWEEP_INTERVAL_SECONDS, SWEEP_SECONDS, SWEPT_AT_ONCE},
    calls::{FULL_CPU, MEMORY, ROUND_TRIP_SECONDS},
    cost::Cost,
    quotas::DEFAULT,
};

/// Whether two numbers are equal, but for what additions in another order make of them.
pub(super) fn is_about(one: f64, other: f64) -> bool {
    (one - other).abs() <= one.abs() * 1e-9
}

/// Reads a file of the repository.
fn read(file: &str) -> String {
    std::fs::read_to_string(crate::path(file)).unwrap()
}

#[test]
fn what_others_say_is_what_they_say_here() {
    let prices = &read("bench/src/price.rs");
    let template = &read("template.yaml");
    let mailer = &read("functions/mailer/function.yaml");
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
    says(template, format!("BatchSize: {MAIL_BATCH}\n"));
    assert!(is_about(SWEEP_INTERVAL_SECONDS, 60.0));
    says(mailer, "rate(1 minute)".to_owned());
    // One batch at a time is Lambda's default, which needs no line.
    let factor = template.split_once("ParallelizationFactor: ").and_then(|(_, rest)| rest.lines().next());
    assert_eq!(factor.unwrap_or("1"), DEFAULT.batches.to_string());
    let pace = &read("functions/mailer/src/pace.rs");
    says(pace, format!("RangeInclusive<usize> = 10..={SWEPT_AT_ONCE};"));
    let sweep = &read("functions/mailer/src/lib.rs");
    says(sweep, format!("MAX_SWEEP_TIME: Duration = Duration::from_secs({SWEEP_SECONDS})"));
    says(&read("shared/table/src/records/mail.rs"), format!("SHARDS: u8 = {MAIL_SHARDS};"));
    says(&read("shared/table/src/queue.rs"), format!("SHARDS: u8 = {QUEUE_SHARDS};"));
}
