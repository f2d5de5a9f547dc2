//! What becomes of a mail, and of its address, where SES says that it came back.

use local::Bundle;
use mailer::{Answer, Mailer, Trigger};
use serde_json::{Value, json};
use shared::{
    clock,
    table::{Claim, Feedback, LEASE_SECONDS, QueueEntry, QueuedMessage},
};

use super::world::{ADMINS, World, feed};
use crate::support::{Mood, unique};

const DAY_SECONDS: u64 = 24 * 60 * 60;

/// What SES says of a mail, as the queue brings it.
fn message(id: &str, detail: &Value, tags: &Value, at: u64) -> Value {
    let mut event = json!({"source": "aws.ses", "time": shared::dynamo::rfc3339(at), "detail": detail});
    event["detail"]["mail"] = json!({"timestamp": event["time"], "tags": tags});
    json!({"messageId": id, "eventSource": "aws:sqs", "body": event.to_string()})
}

/// The tags of the mail that was sent last, as SES's events have them.
fn last_tags(world: &World) -> Value {
    let sent = world.ses.sent();
    let tags = sent.last().unwrap()["EmailTags"].as_array().unwrap().iter();
    tags.map(|tag| (tag["Name"].as_str().unwrap().to_owned(), json!([tag["Value"]]))).collect()
}

/// Tells the mailer; how many messages it wants again.
async fn tell(mailer: &Mailer, messages: &[Value]) -> usize {
    wanted_again(mailer, messages).await.len()
}

/// Tells the mailer; the ids of the messages that it wants again.
async fn wanted_again(mailer: &Mailer, messages: &[Value]) -> Vec<String> {
    let event: Trigger = serde_json::from_value(json!({"Records": messages})).unwrap();
    match mailer.handle(event).await.unwrap() {
        Answer::Stream(response) => {
            response.batch_item_failures.into_iter().map(|failure| failure.item_identifier.unwrap()).collect()
        }
        Answer::Sweep { .. } => panic!("messages are no schedule"),
    }
}

fn bounce() -> Value {
    json!({"eventType": "Bounce", "bounce": {"bounceType": "Permanent", "bounceSubType": "General"}})
}

/// An organization with another admin, whose welcome was sent; the admin's id and address.
async fn welcomed() -> (World, String, String) {
    let world = World::new(&unique("Bounces"), Mood::Sends).await;
    let mailer = world.mailer();
    feed(&mailer, &world.records().await).await;
    let (id, email) = world.account_of("Grace").await;
    world.promote(&email).await.ok();
    feed(&mailer, &world.records().await).await;
    assert_eq!(world.state(&email).await, "sent");
    (world, id, email)
}

/// Demotes the admin and promotes her again, which is told by another mail.
async fn promote_anew(world: &World, id: &str, email: &str) {
    world.call(reqwest::Method::DELETE, ADMINS, json!({"UserId": id})).await.ok();
    world.promote(email).await.ok();
    feed(&world.mailer(), &world.records().await).await;
}

#[tokio::test]
async fn a_mail_that_bounced_has_failed_and_its_address_is_not_mailed_again() {
    let (world, id, email) = welcomed().await;
    let mailer = world.mailer();
    let bounced = message("1", &bounce(), &last_tags(&world), clock::now());
    assert_eq!(tell(&mailer, &[bounced.clone(), bounced]).await, 0);
    assert_eq!(world.state(&email).await, "failed");

    let sent = world.ses.sent().len();
    promote_anew(&world, &id, &email).await;
    world.forget(&email).await;
    for _ in 0..2 {
        feed(&mailer, &world.records().await).await;
    }
    assert_eq!(world.ses.sent().len(), sent, "neither a welcome nor a link");
    assert_eq!(world.state(&email).await, "failed");
    assert_eq!(world.records().await.len(), 0, "nothing waits");
}

#[tokio::test]
async fn whoever_asks_for_a_link_a_day_after_the_bounce_is_mailed_one_and_nothing_else() {
    let (world, id, email) = welcomed().await;
    let mailer = world.mailer();
    let yesterday = clock::now() - DAY_SECONDS - 60;
    tell(&mailer, &[message("1", &bounce(), &last_tags(&world), yesterday)]).await;

    let sent = world.ses.sent().len();
    promote_anew(&world, &id, &email).await;
    assert_eq!((world.ses.sent().len(), world.state(&email).await.as_str()), (sent, "failed"));
    world.forget(&email).await;
    for _ in 0..2 {
        feed(&mailer, &world.records().await).await;
    }
    let tags = last_tags(&world);
    assert_eq!((world.ses.sent().len(), &tags["kind"]), (sent + 1, &json!(["password-reset"])));

    // That one bounces too: another day without a mail.
    tell(&mailer, &[message("2", &bounce(), &tags, clock::now())]).await;
    world.forget(&email).await;
    for _ in 0..2 {
        feed(&mailer, &world.records().await).await;
    }
    assert_eq!(world.ses.sent().len(), sent + 1);
}

#[tokio::test]
async fn a_complaint_stops_the_mails_to_an_address_and_leaves_the_mail_as_sent() {
    let (world, id, email) = welcomed().await;
    let complaint = json!({"eventType": "Complaint", "complaint": {"complaintFeedbackType": "abuse"}});
    tell(&world.mailer(), &[message("1", &complaint, &last_tags(&world), clock::now())]).await;
    assert_eq!(world.state(&email).await, "sent");
    let sent = world.ses.sent().len();
    promote_anew(&world, &id, &email).await;
    assert_eq!((world.ses.sent().len(), world.state(&email).await.as_str()), (sent, "failed"));
}

#[tokio::test]
async fn a_mail_with_a_virus_has_failed_and_its_address_is_mailed_on() {
    let (world, id, email) = welcomed().await;
    let rejected = json!({"eventType": "Reject", "reject": {"reason": "Bad content"}});
    tell(&world.mailer(), &[message("1", &rejected, &last_tags(&world), clock::now())]).await;
    assert_eq!(world.state(&email).await, "failed");
    promote_anew(&world, &id, &email).await;
    assert_eq!(world.state(&email).await, "sent");
}

#[tokio::test]
async fn what_is_about_no_mail_of_the_outbox_or_no_lasting_failure_changes_nothing() {
    let (world, id, email) = welcomed().await;
    let tags = last_tags(&world);
    let full = json!({"eventType": "Bounce", "bounce": {"bounceType": "Transient", "bounceSubType": "MailboxFull"}});
    let unknown = json!({"mail": ["nobody"], "day": ["2026-11-30_07"]});
    let now = clock::now();
    let messages = [
        message("1", &full, &tags, now),
        message("2", &bounce(), &unknown, now),
        message("3", &bounce(), &json!({}), now),
        json!({"messageId": "4", "body": "no event"}),
    ];
    assert_eq!(tell(&world.mailer(), &messages).await, 0);
    assert_eq!(world.state(&email).await, "sent");
    promote_anew(&world, &id, &email).await;
    assert_eq!(world.state(&email).await, "sent");
}

#[tokio::test]
async fn of_many_messages_at_once_those_that_could_not_be_taken_come_again_and_no_others() {
    let (world, _, email) = welcomed().await;
    let broken = serde_dynamo::to_item(json!({"pk": "MAIL#2026-11-30.07", "sk": "broken"})).unwrap();
    world.client().put_item().table_name(Bundle::TABLE).set_item(Some(broken)).send().await.unwrap();
    let (tags, broken) = (last_tags(&world), json!({"mail": ["broken"], "day": ["2026-11-30_07"]}));
    let messages = (0..24).map(|number| {
        let tags = if number % 5 == 3 { &broken } else { &tags };
        message(&number.to_string(), &bounce(), tags, clock::now())
    });
    let messages: Vec<_> = messages.collect();
    assert_eq!(wanted_again(&world.mailer(), &messages).await, ["3", "8", "13", "18", "23"]);
    assert_eq!(world.state(&email).await, "failed");
}

#[tokio::test]
async fn a_bounce_of_which_the_mailer_hears_before_it_marked_the_mail_is_not_forgotten() {
    let (world, id, email) = welcomed().await;
    world.call(reqwest::Method::DELETE, ADMINS, json!({"UserId": id})).await.ok();
    world.promote(&email).await.ok();
    let outbox = world.outbox();
    let [record] = &world.records().await[..] else { panic!("one mail") };
    let entry = QueueEntry::parse(record.pointer("/dynamodb/Keys/sk/S").unwrap().as_str().unwrap()).unwrap();
    let QueuedMessage::Mail(mail) = &entry.message else { panic!("{entry:?}") };
    let Claim::Ours(_, lease) = outbox.claim(mail).await.unwrap() else { panic!("nobody else claims it") };
    // SES takes the mail, and says that it came back.
    outbox.take_feedback(mail, Feedback::Bounced, clock::now()).await.unwrap();
    outbox.mark_sent(&lease).await.unwrap();
    assert_eq!(world.state(&email).await, "failed");

    let sent = world.ses.sent().len();
    world.pass(LEASE_SECONDS + 1);
    assert_eq!(world.sweep(&world.mailer()).await, 0);
    assert_eq!((world.ses.sent().len(), world.state(&email).await.as_str()), (sent, "failed"));
    assert_eq!(world.records().await.len(), 0, "nothing waits");
}
