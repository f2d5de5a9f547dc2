//! How fast a sweep sends.

use std::time::Instant;

use super::World;
use crate::support::{Mood, unique};

/// An organization with so many welcome mails that wait, which SES's account may send at this rate.
async fn waiting(mails: usize, per_second: usize) -> World {
    let world = World::new(&unique("Paced"), Mood::Sends).await;
    world.sweep(&world.mailer()).await;
    for (_, email) in world.accounts(mails).await {
        world.promote(&email).await.ok();
    }
    world.ses.allows(per_second, -1);
    world
}

#[tokio::test]
async fn a_sweep_takes_as_long_as_the_account_may_send_and_sends_everything() {
    let world = waiting(30, 14).await;
    let begun = Instant::now();
    assert_eq!(world.sweep(&world.mailer()).await, 0);
    // The first mail begins at once, and the others one after the other at nine tenths of the rate.
    assert!(begun.elapsed().as_secs_f64() >= 29.0 / (14.0 * 0.9), "{:?}", begun.elapsed());
    assert_eq!(world.ses.sent().len(), 31);
}

#[tokio::test]
async fn beyond_the_quota_of_the_day_mails_and_requests_for_links_wait_untouched() {
    let world = waiting(3, 1_000).await;
    world.forget(&world.founder).await;
    // One was sent before; one more may be.
    world.ses.allows(1_000, 2);
    let mailer = world.mailer();
    assert_eq!(world.sweep(&mailer).await, 0);
    assert_eq!((world.ses.sent().len(), world.records().await.len()), (2, 3));
    world.ses.allows(1_000, 50_000);
    for _ in 0..2 {
        world.sweep(&mailer).await;
    }
    assert_eq!((world.ses.sent().len(), world.records().await.len()), (5, 0));
}
