//! How fast a sweep sends.

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
async fn a_sweep_sends_as_fast_as_the_account_may_so_that_ses_throttles_nothing() {
    for (per_second, mails) in [(14, 45), (200, 120)] {
        let world = waiting(mails, per_second).await;
        assert_eq!(world.sweep(&world.mailer()).await, 0);
        assert_eq!((world.ses.sent().len(), world.ses.throttled()), (mails + 1, 0));
    }
}

#[tokio::test]
async fn beyond_the_quota_of_the_day_mails_wait_untouched_and_requests_are_still_fulfilled() {
    let world = waiting(3, 1_000).await;
    world.forget(&world.founder).await;
    world.ses.allows(1_000, 2);
    let mailer = world.mailer();
    // One was sent before; one more may be.
    assert_eq!(world.sweep(&mailer).await, 0);
    assert_eq!(world.ses.sent().len(), 2);
    // Two welcomes, and the mail that the request was made into.
    assert_eq!(world.records().await.len(), 3);
    world.ses.allows(1_000, 50_000);
    world.sweep(&mailer).await;
    assert_eq!((world.ses.sent().len(), world.records().await.len()), (5, 0));
}
