//! Requests for a new password, which the mailer fulfills.

use aws_sdk_dynamodb::types::AttributeValue;
use faults::connection::Fault;
use futures_util::future::join;
use local::Bundle;
use shared::clock;

use crate::support::{Mood, unique};

use super::world::{World, feed, kill_at};

#[tokio::test]
async fn a_crash_at_any_step_of_a_reset_loses_no_request_and_doubles_no_mail() {
    // The steps: the request (call 0 of the table), the limit and the account (1 and 2), the link and the mail (3).
    for (call, fault) in (0..4).flat_map(|call| [(call, Fault::KilledBefore), (call, Fault::KilledAfter)]) {
        let world = World::new(&unique("Reset"), Mood::Sends).await;
        let mailer = world.mailer();
        world.sweep(&mailer).await;
        world.forget(&world.founder).await;
        kill_at(&world, call, fault).await;
        for _ in 0..3 {
            assert_eq!(feed(&mailer, &world.records().await).await, 0, "{fault:?} {call}");
        }
        assert_eq!(world.ses.sends()[&world.founder], 2, "{fault:?} {call}: the welcome and the link");
    }
}

#[tokio::test]
async fn where_the_stream_is_lost_the_sweep_fulfills_a_request_for_a_reset() {
    let world = World::new(&unique("Forgot"), Mood::Sends).await;
    let (one, other) = (world.mailer(), world.mailer());
    world.forget(&world.founder).await;
    for _ in 0..2 {
        join(world.sweep(&one), world.sweep(&other)).await;
    }
    assert_eq!(world.ses.sends()[&world.founder], 2);
    let reset = world.ses.sent().into_iter().find(|mail| mail["EmailTags"][0]["Value"] == "password-reset").unwrap();
    let text = reset["Content"]["Simple"]["Body"]["Text"]["Data"].as_str().unwrap();
    assert!(text.starts_with("Hello Ada,") && text.contains("https://site.example/account/set-password?token="));
}

#[tokio::test]
async fn an_address_gets_three_resets_an_hour_however_many_are_asked_for_and_whoever_fulfills_them() {
    let world = World::new(&unique("Resets"), Mood::Sends).await;
    let (one, other) = (world.mailer(), world.mailer());
    for hour in 1..=2 {
        for _ in 0..8 {
            world.forget(&world.founder).await;
        }
        let records = world.records().await;
        join(feed(&one, &records), feed(&other, &records)).await;
        for _ in 0..3 {
            world.sweep(&one).await;
        }
        assert_eq!(world.ses.sends()[&world.founder], 1 + hour * 3);
        world.pass(3601);
    }
}

#[tokio::test]
async fn a_link_that_expired_before_its_mail_could_be_sent_is_not_mailed() {
    let world = World::new(&unique("Expired"), Mood::Sends).await;
    let mailer = world.mailer();
    world.sweep(&mailer).await;
    world.ses.is(Mood::Throttles);
    world.forget(&world.founder).await;
    // The first sweep puts the mail with the link, which the next one may not send.
    world.sweep(&mailer).await;
    world.sweep(&mailer).await;
    world.ses.is(Mood::Sends);
    world.pass(3601);
    world.sweep(&mailer).await;
    assert_eq!((world.records().await.len(), world.ses.sends()[&world.founder]), (0, 1));
}

#[tokio::test]
async fn a_request_that_nobody_fulfilled_for_six_hours_is_dropped() {
    let world = World::new(&unique("Late"), Mood::Sends).await;
    let mailer = world.mailer();
    world.sweep(&mailer).await;
    world.forget(&world.founder).await;
    let keys = &world.records().await[0]["dynamodb"]["Keys"];
    let text = |name: &str| AttributeValue::S(keys[name]["S"].as_str().unwrap().to_owned());
    let call = world.client().update_item().table_name(Bundle::TABLE).key("pk", text("pk")).key("sk", text("sk"));
    let ended = AttributeValue::N((clock::now() - 1).to_string());
    let call = call.update_expression("SET expires_at = :ended").expression_attribute_values(":ended", ended);
    call.send().await.unwrap();
    world.sweep(&mailer).await;
    assert_eq!((world.records().await.len(), world.ses.sends()[&world.founder]), (0, 1));
}
