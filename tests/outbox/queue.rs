//! The outbox's queue: what waits is found, in its turn, and what is done is not.

use aws_sdk_dynamodb::types::AttributeValue;
use local::Bundle;
use serde_json::{Value, json};
use shared::{clock, table::LEASE_SECONDS};

use crate::support::{Mood, binary, unique};

use super::world::{World, feed};

#[tokio::test]
async fn what_is_done_is_no_longer_in_the_queue() {
    let world = World::new(&unique("Done"), Mood::Sends).await;
    let mailer = world.mailer();
    for (_, email) in world.accounts(5).await {
        world.promote(&email).await.ok();
    }
    world.forget("nobody@nowhere.example").await;
    assert_eq!(world.records().await.len(), 7);
    feed(&mailer, &world.records().await).await;
    world.ses.is(Mood::Refuses);
    world.forget(&world.founder).await;
    // The request's record makes the mail, whose own record comes after it.
    feed(&mailer, &world.records().await).await;
    feed(&mailer, &world.records().await).await;
    assert_eq!(world.records().await, Vec::<Value>::new());
    assert_eq!(world.sweep(&mailer).await, 0);
    assert_eq!(world.ses.sent().len(), 6);
}

#[tokio::test]
async fn an_entry_whose_mail_is_done_or_gone_is_removed() {
    let world = World::new(&unique("Orphan"), Mood::Sends).await;
    let mailer = world.mailer();
    world.sweep(&mailer).await;
    let key = |text: &str| AttributeValue::S(text.to_owned());
    let put = world.client().put_item().table_name(Bundle::TABLE).item("pk", key("WAIT#8"));
    put.item("sk", key("00000000001#MAIL#2020-01-01#cccccccccccccccccccccccc")).send().await.unwrap();
    // An entry of another version stays for who knows it, and is in nobody's way.
    let put = world.client().put_item().table_name(Bundle::TABLE).item("pk", key("WAIT#4"));
    put.item("sk", key("00000000001#WEBHOOK#4")).send().await.unwrap();
    let (_, email) = world.account_of("Grace").await;
    world.promote(&email).await.ok();
    world.sweep(&mailer).await;
    assert_eq!(world.ses.sends()[&email], 1);
    let left = world.records().await;
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(left[0]["dynamodb"]["Keys"]["sk"]["S"], "00000000001#WEBHOOK#4");
}

#[tokio::test]
async fn a_sweep_sends_what_has_waited_longest_first() {
    let world = World::new(&unique("Order"), Mood::Sends).await;
    let mailer = world.mailer();
    world.sweep(&mailer).await;
    for (_, email) in world.accounts(60).await {
        world.promote(&email).await.ok();
    }
    // Each is due a second earlier than the one before, in whatever partition it is.
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let mut expected = Vec::new();
    for (place, record) in world.records().await.into_iter().enumerate() {
        let [pk, sk] = ["pk", "sk"].map(|name| record["dynamodb"]["Keys"][name]["S"].as_str().unwrap().to_owned());
        let (due_at, mail) = sk.split_once('#').unwrap();
        let (due_at, (day, id)) = (due_at.parse::<u64>().unwrap() - 100 - u64::try_from(place).unwrap(), {
            let mail = mail.strip_prefix("MAIL#").unwrap();
            mail.split_once('#').unwrap()
        });
        let call = world.client().delete_item().table_name(Bundle::TABLE).key("pk", text(&pk)).key("sk", text(&sk));
        call.send().await.unwrap();
        let call = world.client().put_item().table_name(Bundle::TABLE).item("pk", text(&pk));
        call.item("sk", text(&format!("{due_at:011}#{mail}"))).send().await.unwrap();
        let call = world.client().update_item().table_name(Bundle::TABLE).key("pk", text(&format!("MAIL#{day}")));
        let call = call.key("sk", text(id)).update_expression("SET due_at = :due");
        let call = call.expression_attribute_values(":due", AttributeValue::N(due_at.to_string()));
        let call = call.return_values(aws_sdk_dynamodb::types::ReturnValue::AllNew);
        let item = call.send().await.unwrap().attributes.unwrap();
        expected.push(item["to"].as_s().unwrap().clone());
    }
    // At this rate ten are under way at once.
    world.ses.allows(14, -1);
    expected.reverse();
    assert_eq!(world.sweep(&mailer).await, 0);
    let sent = world.ses.sent();
    let sent: Vec<_> = sent[1..].iter().map(|mail| mail["Destination"]["ToAddresses"][0].as_str().unwrap()).collect();
    assert_eq!(sent.len(), 60);
    // So one is up to nine places early or late.
    for (place, email) in expected.iter().enumerate() {
        let found = sent.iter().position(|sent| sent == email).unwrap();
        assert!(found.abs_diff(place) < 20, "the mail due at place {place} was sent at {found}");
    }
}

#[tokio::test]
async fn mails_that_get_no_answer_leave_the_others_their_turn() {
    let world = World::new(&unique("Turn"), Mood::LosesAnswers).await;
    let mailer = world.mailer();
    assert_eq!(world.sweep(&mailer).await, 1);
    world.ses.is(Mood::Sends);
    let (_, email) = world.account_of("Grace").await;
    world.promote(&email).await.ok();
    // The mail without an answer has moved behind the newer one, until its lease would have ended.
    let queue = world.records().await;
    assert_eq!(queue.len(), 2);
    assert_eq!(world.sweep(&mailer).await, 0);
    assert_eq!((world.ses.sends()[&email], world.ses.sends()[&world.founder]), (1, 1));
    world.pass(LEASE_SECONDS + 2);
    assert_eq!(world.sweep(&mailer).await, 0);
    assert_eq!(world.ses.sends()[&world.founder], 2);
}

#[tokio::test]
async fn a_pending_mail_from_before_the_queue_is_sent_once_after_the_migration() {
    let world = World::new(&unique("Before"), Mood::Sends).await;
    let mailer = world.mailer();
    world.sweep(&mailer).await;
    // A pending mail and a sent one, as the version before stored them.
    let created_at = clock::now() - 60;
    let day = shared::dynamo::rfc3339(created_at)[..10].to_owned();
    for (status, to) in [("pending", "grace@person.example"), ("sent", "ada@person.example")] {
        let item = json!({
            "pk": format!("MAIL#{day}"), "sk": format!("{status:a<24}"), "entity": "mail", "day": day,
            "id": format!("{status:a<24}"), "kind": "address-proof", "to": to, "first_name": "Grace",
            "link": "o9kpnvaodecwnjovrb0uvr7v", "status": status, "created_at": created_at, "lease_until": 0,
            "counted": false, "expires_at": created_at + 30 * 86_400,
        });
        let item = serde_dynamo::to_item(item).unwrap();
        world.client().put_item().table_name(Bundle::TABLE).set_item(Some(item)).send().await.unwrap();
    }
    let migrate = async || {
        let mut command = std::process::Command::new(binary("operate"));
        command.args(["migrate", "--table", Bundle::TABLE]);
        command.env("AWS_ENDPOINT_URL_DYNAMODB", world.bundle.dynamodb_url());
        // The engine that the command calls runs on this thread.
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout) + &text(output.stderr))
    };
    let queued = |count: u32| {
        let rest = "0 addresses moved\n0 price tiers moved\n0 customers moved\n0 users of 0 organizations indexed\n\
                    the plans of 0 organizations noted\n";
        (Some(0), format!("{count} pending mails were put into the queue\n{rest}"))
    };
    assert_eq!(migrate().await, queued(1));
    assert_eq!(migrate().await, queued(0));
    for _ in 0..2 {
        assert_eq!(world.sweep(&mailer).await, 0);
    }
    let sends = world.ses.sends();
    assert_eq!((sends.get("grace@person.example"), sends.get("ada@person.example")), (Some(&1), None));
    assert_eq!(migrate().await, queued(0));
}
