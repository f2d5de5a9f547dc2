//! How fast a sweep sends: as fast as SES lets the account send, and no faster, since what SES throttles waits longer.

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

/// What SES lets the account send.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quota {
    /// Mails a second.
    pub(crate) per_second: f64,
    /// Mails that may still be sent within 24 hours, or `None` without a limit.
    pub(crate) left_today: Option<u32>,
}

impl Quota {
    /// What SES gives an account that has left the sandbox, until it asks for more.
    pub(crate) const OF_A_NEW_ACCOUNT: Self = Self { per_second: 14.0, left_today: None };
}

/// The part of the rate that a sweep takes. New mails come by the stream meanwhile.
const SHARE_OF_RATE: f64 = 0.9;
/// Where the rate is higher than this, several mails begin at once: the timer's steps are a millisecond long.
const SINGLE_STEPS: f64 = 50.0;
/// How often a second mails begin then, about.
const STEPS: f64 = 20.0;
/// Mails that are under way at once, at most: as many as the rate has in half a second, within these bounds.
const CONCURRENT: std::ops::RangeInclusive<usize> = 10..=64;

/// Lets mails begin one after the other.
pub(crate) struct Pace {
    steps: Interval,
    mails_a_step: u32,
    left_in_step: u32,
    left_today: Option<u32>,
    concurrent: usize,
}

impl Pace {
    pub(crate) fn new(quota: Quota) -> Self {
        let rate = (quota.per_second * SHARE_OF_RATE).max(0.1);
        let mails_a_step = if rate > SINGLE_STEPS { count(rate / STEPS).max(1) } else { 1 };
        let mut steps = interval(Duration::from_secs_f64(f64::from(mails_a_step) / rate));
        // What a slow table delayed isn't made up for, since that would be too fast for SES.
        steps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let concurrent = usize::try_from(count(rate / 2.0)).unwrap_or(usize::MAX);
        let concurrent = concurrent.clamp(*CONCURRENT.start(), *CONCURRENT.end());
        Self { steps, mails_a_step, left_in_step: 0, left_today: quota.left_today, concurrent }
    }

    /// Mails that are under way at once, at most.
    pub(crate) fn concurrent(&self) -> usize {
        self.concurrent
    }

    /// Whether no mail may begin any more today.
    pub(crate) fn is_over_for_today(&self) -> bool {
        self.left_today == Some(0)
    }

    /// Returns once the next mail may begin: `false` if none may any more today.
    pub(crate) async fn next_mail(&mut self) -> bool {
        match &mut self.left_today {
            Some(0) => return false,
            Some(left) => *left -= 1,
            None => {}
        }
        if self.left_in_step == 0 {
            self.steps.tick().await;
            self.left_in_step = self.mails_a_step;
        }
        self.left_in_step -= 1;
        true
    }
}

/// The number without its fraction; 0 if it is negative.
pub(crate) fn count(number: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a conversion that keeps to the bounds"
    )]
    let count = number as u32;
    count
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    /// The seconds that so many mails take.
    async fn seconds_of(mails: u32, per_second: f64) -> f64 {
        let mut pace = Pace::new(Quota { per_second, left_today: None });
        let begun = Instant::now();
        for _ in 0..mails {
            assert!(pace.next_mail().await);
        }
        begun.elapsed().as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn mails_begin_at_nine_tenths_of_the_accounts_rate() {
        for (per_second, mails) in [(1.0, 9), (14.0, 126), (65.0, 585), (200.0, 1_800), (1_000.0, 9_000)] {
            let seconds = seconds_of(mails, per_second).await;
            assert!((8.8..10.1).contains(&seconds), "{mails} mails at {per_second} a second took {seconds} s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_slow_table_delayed_is_not_made_up_for() {
        let mut pace = Pace::new(Quota { per_second: 14.0, left_today: None });
        assert!(pace.next_mail().await);
        tokio::time::sleep(Duration::from_secs(10)).await;
        let begun = Instant::now();
        for _ in 0..15 {
            assert!(pace.next_mail().await);
        }
        assert!(begun.elapsed() > Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn no_mail_begins_beyond_the_quota_of_the_day() {
        let mut pace = Pace::new(Quota { per_second: 14.0, left_today: Some(2) });
        assert_eq!((pace.next_mail().await, pace.next_mail().await, pace.next_mail().await), (true, true, false));
    }
}
