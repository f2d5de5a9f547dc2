//! The outbox and its mailer: no mail lost, none early, and none doubled but in the one documented window.
//!
//! Each test has a table of its own whose mails nobody else sends, an SES of its own, and a clock that it sets.

mod bounces;
mod invitations;
mod pace;
mod queue;
mod resets;
mod world;

use std::sync::atomic::Ordering;

use faults::connection::Fault;
use futures_util::future::{join, join_all};
use mailer::Trigger;
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use reqwest::Method;
use serde_json::{Value, json};
use shared::table::LEASE_SECONDS;

use crate::support::{Mood, unique};

use self::world::{ADMINS, World, feed, killed_at};

#[tokio::test]
async fn a_mail_is_put_together_as_ses_wants_it() {
    // A mail shows no long numbers.
    let name = unique("Acme").replace(|character: char| character.is_ascii_digit(), "x");
    let world = World::new(&name, Mood::Sends).await;
    assert_eq!(feed(&world.mailer(), &world.records().await).await, 0);
    let sent = world.ses.sent();
    let simple = &sent[0]["Content"]["Simple"];
    let reference = &simple["Headers"][0];
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["FromEmailAddress"], "no-reply@api.example");
    assert_eq!(sent[0]["ReplyToAddresses"], json!(["help@api.example"]));
    assert_eq!(sent[0]["Destination"], json!({"ToAddresses": [world.founder]}));
    assert_eq!((&reference["Name"], reference["Value"].as_str().unwrap().len()), (&json!("X-Entity-Ref-ID"), 24));
    let tags = &sent[0]["EmailTags"];
    let day = tags[2]["Value"].as_str().unwrap();
    let tag = |name: &str, value: &Value| json!({"Name": name, "Value": value});
    let mail = tag("mail", &reference["Value"]);
    assert_eq!(*tags, json!([tag("kind", &json!("welcome-founder")), mail, tag("day", &json!(day))]));
    // SES takes letters, digits, dashes and underscores alone.
    assert!(day.len() == 13 && day.bytes().all(|byte| byte.is_ascii_digit() || b"-_".contains(&byte)), "{day}");
    assert_eq!(simple["Subject"], json!({"Data": format!("{name} is ready"), "Charset": "UTF-8"}));
    assert!(simple["Body"]["Text"]["Data"].as_str().unwrap().starts_with("Hello Ada,\n\nYour organization"));
    assert_eq!(world.state(&world.founder).await, "sent");
}

#[tokio::test]
async fn names_are_data_in_subject_text_and_html() {
    let lure = "<b>\u{1F600}</b> שלום \u{202e} +1 555 0100 https://evil.example/?a=1&b=\"2\" www.evil.example";
    // No organization can have a direction mark in its name; an account from before that rule may.
    let world = World::new(&unique(&lure.replace('\u{202e}', "")), Mood::Sends).await;
    let email = world.account_of(lure).await.1;
    world.promote(&email).await.ok();
    feed(&world.mailer(), &world.records().await).await;
    let sent = world.ses.sent();
    // To somebody whose first name is as bad as the organization's name.
    let mail = sent.iter().find(|mail| mail["Destination"]["ToAddresses"][0] == email.as_str()).unwrap();
    let simple = &mail["Content"]["Simple"];
    let [subject, text, html] = ["/Subject", "/Body/Text", "/Body/Html"]
        .map(|place| simple.pointer(place).unwrap()["Data"].as_str().unwrap().to_owned());
    for part in [&subject, &text, &html] {
        assert!(part.contains("שלום"), "{part}");
        for bad in ["https://", "evil.example", "www.evil", "\u{202e}", "\u{1F600}", "<b>", "555", "a=1"] {
            assert!(!part.contains(bad), "{bad}: {part}");
        }
    }
    assert!(!subject.contains(['\r', '\n']));
    assert!(!html.contains("href"), "{html}");
}

#[tokio::test]
async fn an_ses_that_is_down_for_a_minute_delays_200_mails_and_loses_or_doubles_none() {
    let world = World::new(&unique("Down"), Mood::Sends).await;
    let mailer = world.mailer();
    feed(&mailer, &world.records().await).await;
    let accounts = world.accounts(200).await;
    let before = world.promote(&accounts[0].1).await;
    feed(&mailer, &world.records().await).await;

    world.ses.is(Mood::Fails);
    let mut as_before = 0;
    for (place, mood) in [Mood::Fails, Mood::Throttles].into_iter().cycle().take(12).enumerate() {
        world.ses.is(mood);
        let some = &accounts[1..][place * 17..((place + 1) * 17).min(199)];
        // Promotions go on while the mailer fails, at the same cost.
        let promotions = join_all(some.iter().map(|(_, email)| world.promote(email)));
        let records = world.records().await;
        let (promoted, again) = join(promotions, feed(&mailer, &records)).await;
        for answer in promoted {
            as_before += usize::from(answer.round_trips() == before.round_trips());
            assert_eq!(answer.ok(), json!({"Success": true}));
        }
        assert_eq!(again, 0, "the stream is not held up");
        assert!(place == 0 || world.sweep(&mailer).await > 0);
        world.pass(5);
    }
    assert_eq!(world.ses.sends().len(), 2, "only those of before");

    // The others came while a bucket of the organization's users was split.
    assert!(as_before > 165, "{as_before}");

    world.ses.is(Mood::Sends);
    let mut minutes = 0;
    while !world.records().await.is_empty() {
        world.sweep(&mailer).await;
        world.pass(60);
        minutes += 1;
        assert!(minutes < 60, "a mail waits for ever");
    }
    let sends = world.ses.sends();
    assert_eq!(sends.len(), 201);
    assert!(sends.values().all(|sends| *sends == 1), "{sends:?}");
    assert!(world.states().await.iter().all(|(_, state)| state == "sent"));
}

#[tokio::test]
async fn every_record_brought_ten_times_in_any_order_to_two_instances_gives_one_mail() {
    let world = World::new(&unique("Often"), Mood::Sends).await;
    for (_, email) in world.accounts(15).await {
        world.promote(&email).await.ok();
    }
    let mut records: Vec<_> = world.records().await.into_iter().flat_map(|record| vec![record; 10]).collect();
    records.shuffle(&mut StdRng::seed_from_u64(1));
    let (one, other) = (world.mailer(), world.mailer());
    let mut again = records.clone();
    again.reverse();
    for (some, others) in records.chunks(20).zip(again.chunks(20)) {
        join(feed(&one, some), feed(&other, others)).await;
    }
    let sends = world.ses.sends();
    assert_eq!(sends.len(), 16);
    assert!(sends.values().all(|sends| *sends == 1), "{sends:?}");
}

#[tokio::test]
async fn where_the_stream_is_lost_the_sweep_sends_every_mail() {
    let world = World::new(&unique("Swept"), Mood::Sends).await;
    for (_, email) in world.accounts(20).await {
        world.promote(&email).await.ok();
    }
    world.pass(1);
    let (one, other) = (world.mailer(), world.mailer());
    join(world.sweep(&one), world.sweep(&other)).await;
    let sends = world.ses.sends();
    assert_eq!((sends.len(), sends.values().max()), (21, Some(&1)));
}

#[tokio::test]
async fn a_mail_put_before_midnight_is_swept_after_it() {
    let world = World::new(&unique("Midnight"), Mood::Throttles).await;
    let mailer = world.mailer();
    assert_eq!(world.sweep(&mailer).await, 1);
    // The clock of the mailer, not of who put the mail: wherever midnight is, it passes.
    world.ses.is(Mood::Sends);
    let next_day = (world.seconds.load(Ordering::SeqCst) / 86_400 + 1) * 86_400;
    world.seconds.store(next_day + 1, Ordering::SeqCst);
    assert_eq!(world.sweep(&mailer).await, 0);
    assert_eq!(world.state(&world.founder).await, "sent");
}

#[tokio::test]
async fn an_organization_welcomes_an_address_five_times_an_hour_and_again_when_it_is_over() {
    let world = World::new(&unique("Flood"), Mood::Sends).await;
    let mailer = world.mailer();
    let accounts = world.accounts(1).await;
    let (id, email) = &accounts[0];
    for number in 1..=8 {
        world.promote(email).await.ok();
        feed(&mailer, &world.records().await).await;
        assert_eq!(world.ses.sends()[email], number.min(5));
        if number < 8 {
            world.call(Method::DELETE, ADMINS, json!({"UserId": id})).await.ok();
        }
    }
    world.pass(3000);
    world.sweep(&mailer).await;
    assert_eq!(world.ses.sends()[email], 5);
    world.pass(700);
    world.sweep(&mailer).await;
    assert_eq!(world.ses.sends()[email], 6, "the one that tells what holds now");
    assert_eq!(world.state(email).await, "sent");
}

#[tokio::test]
async fn who_was_demoted_meanwhile_is_not_welcomed() {
    let world = World::new(&unique("Demoted"), Mood::Sends).await;
    let mailer = world.mailer();
    world.sweep(&mailer).await;
    let accounts = world.accounts(2).await;
    let [(demoted, gone), (again, back)] = &accounts[..] else { panic!("two accounts") };
    world.ses.is(Mood::Throttles);
    for email in [gone, back] {
        world.promote(email).await.ok();
    }
    assert_eq!(feed(&mailer, &world.records().await).await, 0, "what SES didn't take is the sweep's");
    for id in [demoted, again] {
        world.call(Method::DELETE, ADMINS, json!({"UserId": id})).await.ok();
    }
    world.promote(back).await.ok();
    world.ses.is(Mood::Sends);
    world.pass(60);
    assert_eq!(world.sweep(&mailer).await, 0);
    let sends = world.ses.sends();
    assert_eq!((sends.get(gone), sends.get(back)), (None, Some(&1)), "the second promotion's mail alone");
    assert_eq!(world.state(back).await, "sent");
    assert_eq!(world.records().await.len(), 0);
}

#[tokio::test]
async fn a_crash_at_any_step_loses_no_mail_and_doubles_one_only_after_its_lease() {
    // The steps of a delivery: the claim (call 0 of the table), the admin's item and the bounces of the address (1 and
    // 2), the send, the mark (3).
    for (call, fault, leased, sends_before, sends_after) in [
        (0, Fault::KilledBefore, false, 0, 1),
        (0, Fault::KilledAfter, true, 0, 1),
        (1, Fault::KilledBefore, true, 0, 1),
        (1, Fault::KilledAfter, true, 0, 1),
        (2, Fault::KilledAfter, true, 0, 1),
        (3, Fault::KilledBefore, true, 1, 2),
        (3, Fault::KilledAfter, false, 1, 1),
    ] {
        let world = killed_at(call, fault).await;
        assert_eq!(world.ses.sent().len(), sends_before, "{fault:?} {call}");
        let (mailer, records) = (world.mailer(), world.records().await);
        if leased {
            // The lease stands: nobody sends it yet, and the stream must bring it again.
            assert_eq!(feed(&mailer, &records).await, 1, "{fault:?} {call}");
            world.pass(LEASE_SECONDS - 1);
            assert_eq!(feed(&mailer, &records).await, 1, "{fault:?} {call}");
            assert_eq!(world.ses.sent().len(), sends_before, "{fault:?} {call}: not before the lease ends");
        }
        world.pass(2);
        assert_eq!(feed(&mailer, &records).await, 0, "{fault:?} {call}");
        assert_eq!(world.ses.sent().len(), sends_after, "{fault:?} {call}");
        assert_eq!(world.state(&world.founder).await, "sent");
    }
}

#[tokio::test]
async fn a_mail_whose_answer_was_lost_is_not_sent_again_before_its_lease_ends() {
    let world = World::new(&unique("Lost"), Mood::LosesAnswers).await;
    let (mailer, records) = (world.mailer(), world.records().await);
    assert_eq!(feed(&mailer, &records).await, 0);
    world.ses.is(Mood::Sends);
    world.pass(LEASE_SECONDS - 1);
    assert_eq!((feed(&mailer, &records).await, world.ses.sent().len()), (0, 1));
    world.pass(2);
    assert_eq!((feed(&mailer, &records).await, world.ses.sent().len()), (0, 2));
}

#[tokio::test]
async fn a_mail_that_ses_may_have_taken_is_not_sent_again_before_its_lease_ends() {
    let world = World::new(&unique("Internal"), Mood::TakesAndFails).await;
    let (mailer, records) = (world.mailer(), world.records().await);
    assert_eq!(feed(&mailer, &records).await, 0);
    world.ses.is(Mood::Sends);
    world.pass(LEASE_SECONDS - 1);
    assert_eq!((feed(&mailer, &records).await, world.ses.sent().len()), (0, 1));
}

#[tokio::test]
async fn a_sender_that_is_not_verified_yet_fails_no_mail() {
    let world = World::new(&unique("Sandbox"), Mood::KnowsNoSender).await;
    let mailer = world.mailer();
    assert_eq!(feed(&mailer, &world.records().await).await, 0);
    assert_eq!(world.state(&world.founder).await, "pending");
    world.ses.is(Mood::Sends);
    world.pass(10);
    assert_eq!(feed(&mailer, &world.records().await).await, 0);
    assert_eq!(world.state(&world.founder).await, "sent");
}

#[tokio::test]
async fn a_refused_address_is_final_until_somebody_promotes_again() {
    let world = World::new(&unique("Refused"), Mood::Sends).await;
    let mailer = world.mailer();
    let accounts = world.accounts(2).await;
    let [(_, refused), (_, fine)] = &accounts[..] else { panic!("two accounts") };
    feed(&mailer, &world.records().await).await;
    world.ses.is(Mood::Refuses);
    world.promote(refused).await.ok();
    assert_eq!(world.state(refused).await, "pending");
    assert_eq!(feed(&mailer, &world.records().await).await, 0, "it won't get better");
    assert_eq!(world.state(refused).await, "failed");
    world.ses.is(Mood::Sends);
    world.pass(3600);
    feed(&mailer, &world.records().await).await;
    world.sweep(&mailer).await;
    assert_eq!(world.ses.sends().get(refused), None);

    // Promoting again sends a new mail, once, and none to whom the last one reached.
    world.promote(fine).await.ok();
    feed(&mailer, &world.records().await).await;
    for email in [refused, fine, &world.founder] {
        for answer in join_all((0..4).map(|_| world.promote(email))).await {
            assert_eq!(answer.ok(), json!({"Success": true}));
        }
    }
    assert_eq!(world.state(refused).await, "pending");
    feed(&mailer, &world.records().await).await;
    let sends = world.ses.sends();
    assert_eq!((sends[refused], sends[fine], sends[&world.founder]), (1, 1, 1));
    assert!(world.states().await.iter().all(|(_, state)| state == "sent"));
}

#[tokio::test]
async fn a_founder_whose_welcome_was_refused_asks_for_another_one_which_names_nobody() {
    let world = World::new(&unique("Again"), Mood::Refuses).await;
    let mailer = world.mailer();
    feed(&mailer, &world.records().await).await;
    assert_eq!(world.state(&world.founder).await, "failed");
    world.ses.is(Mood::Sends);
    world.promote(&world.founder).await.ok();
    feed(&mailer, &world.records().await).await;
    let [mail] = &world.ses.sent()[..] else { panic!("one mail") };
    let text = mail["Content"]["Simple"]["Body"]["Text"]["Data"].as_str().unwrap();
    assert!(text.starts_with("Hello Ada,\n\nYou are now an admin of"), "{text}");
}

#[tokio::test]
async fn a_mail_waits_however_long_ses_sends_nothing_and_is_sent_then() {
    let world = World::new(&unique("Outage"), Mood::Throttles).await;
    let mailer = world.mailer();
    for mood in [Mood::Throttles, Mood::Fails, Mood::KnowsNoSender, Mood::Throttles] {
        world.ses.is(mood);
        for _ in 0..6 {
            assert_eq!(world.sweep(&mailer).await, 1);
            assert_eq!(world.state(&world.founder).await, "pending");
            world.pass(3600);
        }
    }
    world.ses.is(Mood::Sends);
    assert_eq!(world.sweep(&mailer).await, 0);
    assert_eq!((world.state(&world.founder).await.as_str(), world.ses.sends()[&world.founder]), ("sent", 1));
}

#[tokio::test]
async fn a_promotion_that_failed_puts_no_mail() {
    let world = World::new(&unique("Failed"), Mood::Sends).await;
    let accounts = world.accounts(2).await;
    let mails = world.records().await.len();
    world.promote("nobody@nowhere.example").await.fields(&json!({"Email": ["has no account"]}));
    world.promote(&accounts[0].1).await.ok();
    assert_eq!(world.records().await.len(), mails + 1);
    // Nor does one that finds an admin, or that comes from who is none any more.
    world.promote(&accounts[0].1).await.ok();
    assert_eq!(world.records().await.len(), mails + 1);
    let founder = world.call(Method::GET, ADMINS, json!({})).await.ok();
    let founder =
        founder.as_array().unwrap().iter().find(|one| one["Email"] == world.founder.as_str()).unwrap()["Id"].clone();
    world.call(Method::DELETE, ADMINS, json!({"UserId": founder})).await.ok();
    assert_eq!(world.promote(&accounts[1].1).await.status, 403);
    assert_eq!(world.records().await.len(), mails + 1);
}

#[tokio::test]
async fn the_mails_state_is_shown_only_where_it_is_asked_for() {
    let world = World::new(&unique("Include"), Mood::Sends).await;
    let plain = world.call(Method::GET, ADMINS, json!({})).await.ok();
    assert_eq!(plain[0].get("WelcomeEmail"), None);
    assert_eq!(world.states().await, [(world.founder.clone(), "pending".to_owned())]);
    let wrong = world.call(Method::GET, &format!("{ADMINS}?include=everything"), json!({})).await;
    wrong.fields(&json!({"include": ["must be mail"]}));
}

#[tokio::test]
async fn records_of_other_items_and_changes_are_passed_over() {
    let world = World::new(&unique("Other"), Mood::Sends).await;
    let mut records = world.records().await;
    records[0]["eventName"] = json!("MODIFY");
    let mut other = records[0].clone();
    other["eventName"] = json!("INSERT");
    other["dynamodb"]["Keys"]["pk"]["S"] = json!("ORG#5f2b9c0e7d1a4b6c8e0f1a2b");
    records.push(other);
    assert_eq!((feed(&world.mailer(), &records).await, world.ses.sent().len()), (0, 0));
}

#[tokio::test]
async fn the_events_for_cargo_lambda_are_what_the_mailer_takes() {
    let world = World::new(&unique("Events"), Mood::Sends).await;
    let handle = async |event: &str| world.mailer().handle(serde_json::from_str(event).unwrap()).await.unwrap();
    // The founder's mail is due by the real clock, which a slow start has moved past the one of the mailers.
    world.catch_up();
    let sweep = handle(include_str!("../events/mailer-sweep.json")).await;
    assert_eq!(serde_json::to_value(sweep).unwrap(), json!({"Unsent": 0}));
    assert_eq!(world.ses.sent().len(), 1);
    // The mail is nowhere: nothing to send, and nothing to bring again.
    let stream = handle(include_str!("../events/mailer-stream.json")).await;
    assert_eq!(serde_json::to_value(stream).unwrap(), json!({"batchItemFailures": []}));
    assert!(serde_json::from_str::<Trigger>(r#"{"detail": {}}"#).is_err(), "an event of another kind is refused");
}
