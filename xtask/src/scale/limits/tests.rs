use super::*;
use crate::scale::{load::TARGET, quotas::DEFAULT, tests::is_about};

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
        ("the new table: reads", 12_000.0 / 4.61),
        ("the new table: writes", 4_000.0 / 1.2),
        ("the table's quota: reads", 40_000.0 / 4.61),
        ("the table's quota: writes", 40_000.0 / 1.2),
        ("`MAIL#day.00…31`, the mails of a day", 32.0 * 1_000.0 / 5.0 / 0.02),
        ("gateway: the account's quota", 10_000.0),
        ("Lambda: requests", 10.0 * 1_000.0),
        ("Lambda: executions at once", 1_000.0 / 0.007_68),
        ("`KEYS`, where tokens name invented keys", 3_000.0 / 0.007_68),
        ("`mailer`, by the stream of a new table", 16.0 * 10.0 / 0.1 / 0.02),
        ("`mailer`, by the sweep, for one mail in a hundred", 64.0 / 0.1 * 40.0 / 60.0 / 0.000_2),
        ("`WAIT#0…15`, the queue", 16.0 * 1_000.0 / (0.01 * 4.0 + 0.01 * 8.0)),
        (
            "`ORG#id`, before it is split: reads, most of them of role checks",
            3_000.0 / (0.30 * 2.0 + 0.30 * 2.0 + 0.20 * 2.0 + 0.10 + 0.04 + 0.02 * 2.0 + 0.02 * 2.0 + 0.04) * harmonic,
        ),
        ("`#ORG`, one item: reads", 3_000.0 / (0.30 + 0.20 + 0.04 + 0.02 + 0.01) * harmonic),
        ("a machine's `CLIENT#client`, one item: reads", 3_000.0 / (0.74 + 0.01) / 0.5 * harmonic),
        ("a person's `USER#id`, one item: reads", 3_000.0 / 0.95 / 0.01 * harmonic),
        ("`ORG#id`, with `TIERUSE#…`: writes", 1_000.0 / (0.02 * 2.0 + 0.01 * 10.0) * harmonic),
        ("`#ORG`: changes of admins, tiers and settings, one after the other", 50.0 / 0.01 * harmonic),
        ("`TIERUSE#tier#0…15`: one transaction at a time for each counter of a tier", 16.0 / 0.015 / 0.02 * harmonic),
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
