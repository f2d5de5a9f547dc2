use super::*;
use crate::scale::{load::TARGET, tests::is_about};

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
    assert!(is_about(cost.reads, millions * 4.61 * 0.125));
    assert!(is_about(cost.writes, millions * 1.2 * 0.625));
    assert!(is_about(cost.logs, millions * 0.477));
    assert!(is_about(cost.mails, millions * 0.02 * 100.0));
    // Milliseconds by a whole CPU, and by 512 MB.
    let whole = 0.30 * 5.0 + 0.20 * 9.0 + 0.04 * 32.0 + 0.01 * 5.0;
    let part = 0.30 * 6.0 + 0.10 * 7.0 + 0.05 * 11.0 + 0.02 * 100.0;
    let gb_seconds = (whole * 1_769.0 + part * 512.0) / 1_024.0 * 1e3;
    assert!(is_about(cost.lambda, millions * (1.02 * 0.20 + gb_seconds * 0.000_013_333_4)));
}
