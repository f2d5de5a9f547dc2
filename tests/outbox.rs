//! The outbox and its mailer: no mail lost, none early, and none doubled but in the one documented window.
//!
//! Each test has a table of its own whose mails nobody else sends, an SES of its own, and a clock that it sets.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use faults::connection::{Fault, Faulty};
use futures_util::future::{join, join_all};
use local::{Bundle, Options};
use mailer::{Answer, Mailer, Sender, Trigger};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use reqwest::Method;
use serde_json::{Value, json};
use shared::{
    aws, clock,
    clock::Clock,
    dynamo, ids,
    link_token::LinkSigner,
    table::{LEASE_SECONDS, Table},
};

use crate::support::{Answer as HttpAnswer, Mood, PASSWORD, Ses, binary, unique};

const ADMINS: &str = "/api/organizations/users/admins";
const FORGOT: &str = "/api/auth/forgot-password";

fn links() -> LinkSigner {
    LinkSigner::new(&ids::random_id(48), "https://site.example").unwrap()
}

struct World {
    bundle: Bundle,
    ses: Ses,
    seconds: Arc<AtomicU64>,
    token: String,
    founder: String,
}

impl World {
    /// A bundle with one organization, whose founder is signed in.
    async fn new(name: &str, mood: Mood) -> Self {
        let bundle = Bundle::start(&Options { no_mailer: true, ..Options::in_memory() }).await.unwrap();
        let ses = Ses::start(mood).await;
        let founder = format!("{}@founder.example", unique("ada"));
        let user = json!({"FirstName": "Ada", "LastName": "Lovelace", "Email": founder, "Password": PASSWORD});
        let world =
            Self { bundle, ses, seconds: Arc::new(AtomicU64::new(clock::now())), token: String::new(), founder };
        let body = json!({"Organization": {"Name": name}, "User": user});
        let created = world.call(Method::POST, "/api/organizations", body).await.ok();
        let login = json!({"Email": world.founder, "Password": PASSWORD, "OrgCode": created["Slug"]});
        let signed_in = world.call(Method::POST, "/api/auth/login", login).await.ok();
        Self { token: signed_in["AccessToken"].as_str().unwrap().to_owned(), ..world }
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> HttpAnswer {
        let request = reqwest::Client::new().request(method, format!("{}{path}", self.bundle.url()));
        HttpAnswer::of(request.bearer_auth(&self.token).json(&body).send().await.unwrap()).await
    }

    fn client(&self) -> Client {
        Client::from_conf(dynamo::Table::client_config(Some(&self.bundle.dynamodb_url())).build())
    }

    /// Another instance of the function.
    fn mailer(&self) -> Mailer {
        let table = Table::new(dynamo::Table::new(self.client(), Bundle::TABLE));
        let sender = Sender::new("no-reply@api.example", Some(&self.ses.url)).reply_to("help@api.example");
        Mailer::new(table.outbox(Clock::set_by(self.seconds.clone())), sender, links())
    }

    fn pass(&self, seconds: u64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Accounts that can be promoted, put straight into the table: a password's hash takes longer than the rest.
    async fn accounts(&self, count: usize) -> Vec<(String, String)> {
        let mut accounts = Vec::new();
        for _ in 0..count {
            accounts.push(self.account_of("Grace").await);
        }
        accounts
    }

    async fn account_of(&self, first_name: &str) -> (String, String) {
        let (id, email) = (ids::UserId::random().to_string(), format!("{}@person.example", unique("grace")));
        let item = json!({
            "pk": format!("EMAIL#{email}"), "sk": "EMAIL", "user_id": id, "email": email, "first_name": first_name,
            "last_name": "Hopper", "password_hash": "none", "revision": "0",
        });
        let item = serde_dynamo::to_item(item).unwrap();
        self.client().put_item().table_name(Bundle::TABLE).set_item(Some(item)).send().await.unwrap();
        (id, email)
    }

    async fn forget(&self, email: &str) {
        assert_eq!(self.call(Method::POST, FORGOT, json!({"Email": email})).await.status, 202);
    }

    async fn promote(&self, email: &str) -> HttpAnswer {
        self.call(Method::POST, ADMINS, json!({"Email": email})).await
    }

    /// Lets the clock of the mailers show no less than the real one, by which the API puts messages.
    fn catch_up(&self) {
        self.seconds.fetch_max(clock::now(), Ordering::SeqCst);
    }

    /// Runs the schedule; how many messages could not be sent.
    async fn sweep(&self, mailer: &Mailer) -> usize {
        self.catch_up();
        let event = json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}});
        match mailer.handle(serde_json::from_value(event).unwrap()).await.unwrap() {
            Answer::Sweep { unsent } => unsent,
            Answer::Stream(_) => panic!("a schedule is no stream"),
        }
    }

    /// The queue's entries as the records that the stream brings of them.
    async fn records(&self) -> Vec<Value> {
        self.catch_up();
        let (mut records, mut start) = (Vec::new(), None);
        loop {
            let page =
                self.client().scan().table_name(Bundle::TABLE).set_exclusive_start_key(start).send().await.unwrap();
            for item in page.items.unwrap() {
                let (AttributeValue::S(pk), AttributeValue::S(sk)) = (&item["pk"], &item["sk"]) else { continue };
                if pk.starts_with("WAIT#") {
                    let number = format!("{:021}", records.len() + 1);
                    records.push(json!({
                        "eventID": ids::random_id(32), "eventName": "INSERT", "eventVersion": "1.1",
                        "eventSource": "aws:dynamodb", "awsRegion": "eu-central-1",
                        "dynamodb": {
                            "ApproximateCreationDateTime": 1_700_000_000, "Keys": {"pk": {"S": pk}, "sk": {"S": sk}},
                            "SequenceNumber": number, "SizeBytes": 100, "StreamViewType": "KEYS_ONLY",
                        },
                    }));
                }
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return records;
            }
        }
    }

    /// The states of all welcome mails, by address.
    async fn states(&self) -> Vec<(String, String)> {
        let admins = self.call(Method::GET, &format!("{ADMINS}?include=mail"), json!({})).await.ok();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        admins.as_array().unwrap().iter().map(|admin| (text(&admin["Email"]), text(&admin["WelcomeEmail"]))).collect()
    }

    async fn state(&self, email: &str) -> String {
        self.states().await.into_iter().find(|(address, _)| address == email).unwrap().1
    }
}

/// Hands records over; how many the mailer wants again.
async fn feed(mailer: &Mailer, records: &[Value]) -> usize {
    let event: Trigger = serde_json::from_value(json!({"Records": records})).unwrap();
    match mailer.handle(event).await.unwrap() {
        Answer::Stream(response) => response.batch_item_failures.len(),
        Answer::Sweep { .. } => panic!("records are no schedule"),
    }
}

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
    let tags = json!([{"Name": "kind", "Value": "welcome-founder"}, {"Name": "mail", "Value": reference["Value"]}]);
    assert_eq!(sent[0]["EmailTags"], tags);
    assert_eq!(simple["Subject"], json!({"Data": format!("{name} is ready"), "Charset": "UTF-8"}));
    assert!(simple["Body"]["Text"]["Data"].as_str().unwrap().starts_with("Hello Ada,\n\nyour organization"));
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
        for bad in ["https://", "evil.example", "www.evil", "\u{202e}", "\u{1F600}", "<b>", "555", "=1"] {
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
    for (place, mood) in [Mood::Fails, Mood::Throttles].into_iter().cycle().take(12).enumerate() {
        world.ses.is(mood);
        let some = &accounts[1..][place * 17..((place + 1) * 17).min(199)];
        // Promotions go on while the mailer fails, at the same cost.
        let promotions = join_all(some.iter().map(|(_, email)| world.promote(email)));
        let records = world.records().await;
        let (promoted, failures) = join(promotions, feed(&mailer, &records)).await;
        for answer in promoted {
            assert_eq!(answer.round_trips(), before.round_trips());
            assert_eq!(answer.ok(), json!({"Success": true}));
        }
        assert!(place == 0 || failures > 0);
        world.pass(5);
    }
    assert_eq!(world.ses.sends().len(), 2, "only those of before");

    world.ses.is(Mood::Sends);
    let mut minutes = 0;
    while feed(&mailer, &world.records().await).await > 0 {
        world.pass(5);
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
    let hours = (next_day - world.seconds.load(Ordering::SeqCst)) / 3600;
    world.seconds.store(next_day + 1, Ordering::SeqCst);
    assert_eq!(world.sweep(&mailer).await, 0);
    // Six hours unsent is a failure; anything less is sent.
    let expected = if hours < 6 { "sent" } else { "failed" };
    assert_eq!(world.state(&world.founder).await, expected);
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
    assert_eq!(feed(&mailer, &world.records().await).await, 2);
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
    expected.reverse();
    assert_eq!(world.sweep(&mailer).await, 0);
    let sent = world.ses.sent();
    let sent: Vec<_> = sent[1..].iter().map(|mail| mail["Destination"]["ToAddresses"][0].as_str().unwrap()).collect();
    assert_eq!(sent.len(), 60);
    // Ten are under way at once, so that one is up to nine places early or late.
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
    let queued = |count: u32| (Some(0), format!("{count} pending mails were put into the queue\n0 addresses moved\n"));
    assert_eq!(migrate().await, queued(1));
    assert_eq!(migrate().await, queued(0));
    for _ in 0..2 {
        assert_eq!(world.sweep(&mailer).await, 0);
    }
    let sends = world.ses.sends();
    assert_eq!((sends.get("grace@person.example"), sends.get("ada@person.example")), (Some(&1), None));
    assert_eq!(migrate().await, queued(0));
}

/// Kills the mailer at a call of the table.
async fn killed_at(call: usize, fault: Fault) -> World {
    let world = World::new(&unique("Crash"), Mood::Sends).await;
    kill_at(&world, call, fault).await;
    world
}

async fn kill_at(world: &World, call: usize, fault: Fault) {
    let records = world.records().await;
    let faulty = Faulty::new(aws::http_client(Some("http://")), fault, call);
    let config = dynamo::Table::client_config(Some(&world.bundle.dynamodb_url())).http_client(faulty.client());
    let table = Table::new(dynamo::Table::new(Client::from_conf(config.build()), Bundle::TABLE));
    let sender = Sender::new("no-reply@api.example", Some(&world.ses.url));
    let mailer = Mailer::new(table.outbox(Clock::set_by(world.seconds.clone())), sender, links());
    tokio::select! {
        _ = feed(&mailer, &records) => panic!("a delivery makes call {call}"),
        () = faulty.killed() => {}
    }
}

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

#[tokio::test]
async fn a_crash_at_any_step_loses_no_mail_and_doubles_one_only_after_its_lease() {
    // The steps of a delivery: the claim (call 0 of the table), the admin's item (1), the send, the mark (2).
    for (call, fault, leased, sends_before, sends_after) in [
        (0, Fault::KilledBefore, false, 0, 1),
        (0, Fault::KilledAfter, true, 0, 1),
        (1, Fault::KilledBefore, true, 0, 1),
        (1, Fault::KilledAfter, true, 0, 1),
        (2, Fault::KilledBefore, true, 1, 2),
        (2, Fault::KilledAfter, false, 1, 1),
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
    assert_eq!(feed(&mailer, &records).await, 1);
    world.ses.is(Mood::Sends);
    world.pass(LEASE_SECONDS - 1);
    assert_eq!((feed(&mailer, &records).await, world.ses.sent().len()), (1, 1));
    world.pass(2);
    assert_eq!((feed(&mailer, &records).await, world.ses.sent().len()), (0, 2));
}

#[tokio::test]
async fn a_mail_that_ses_may_have_taken_is_not_sent_again_before_its_lease_ends() {
    let world = World::new(&unique("Internal"), Mood::TakesAndFails).await;
    let (mailer, records) = (world.mailer(), world.records().await);
    assert_eq!(feed(&mailer, &records).await, 1);
    world.ses.is(Mood::Sends);
    world.pass(LEASE_SECONDS - 1);
    assert_eq!((feed(&mailer, &records).await, world.ses.sent().len()), (1, 1));
}

#[tokio::test]
async fn a_sender_that_is_not_verified_yet_fails_no_mail() {
    let world = World::new(&unique("Sandbox"), Mood::KnowsNoSender).await;
    let mailer = world.mailer();
    assert_eq!(feed(&mailer, &world.records().await).await, 1);
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
async fn a_mail_that_is_unsent_for_six_hours_has_failed() {
    let world = World::new(&unique("Overdue"), Mood::Throttles).await;
    let mailer = world.mailer();
    for _ in 0..6 {
        assert_eq!(world.sweep(&mailer).await, 1);
        assert_eq!(world.state(&world.founder).await, "pending");
        world.pass(3600);
    }
    world.pass(60);
    world.sweep(&mailer).await;
    assert_eq!(world.state(&world.founder).await, "failed");
    assert_eq!(world.ses.sent().len(), 0);
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
    let sweep = handle(include_str!("../events/mailer-sweep.json")).await;
    assert_eq!(serde_json::to_value(sweep).unwrap(), json!({"Unsent": 0}));
    assert_eq!(world.ses.sent().len(), 1);
    // Its mail is nowhere: nothing to send, and nothing to bring again.
    let stream = handle(include_str!("../events/mailer-stream.json")).await;
    assert_eq!(serde_json::to_value(stream).unwrap(), json!({"batchItemFailures": []}));
    assert!(serde_json::from_str::<Trigger>(r#"{"detail": {}}"#).is_err(), "an event of another kind is refused");
}
