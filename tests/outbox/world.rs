//! An organization whose mails nobody else sends, an SES of its own, and a clock that the test sets.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use faults::connection::{Fault, Faulty};
use local::{Bundle, Options};
use mailer::{Answer, Mailer, Sender, Trigger};
use reqwest::Method;
use serde_json::{Value, json};
use shared::{
    aws, clock,
    clock::Clock,
    dynamo, ids,
    link_token::LinkSigner,
    table::{Outbox, Table},
};

use crate::support::{
    Answer as HttpAnswer, Mood, PASSWORD, Ses, operator_key_hashes, start_bundle, subscribe_at, unique,
};

pub(super) const ADMINS: &str = "/api/organizations/users/admins";
pub(super) const FORGOT: &str = "/api/auth/forgot-password";

pub(super) fn links() -> LinkSigner {
    LinkSigner::new(&ids::random_id(48), "https://site.example").unwrap()
}

pub(super) struct World {
    pub(super) bundle: Bundle,
    pub(super) ses: Ses,
    pub(super) seconds: Arc<AtomicU64>,
    pub(super) token: String,
    pub(super) founder: String,
}

impl World {
    /// A bundle with one organization, whose founder is signed in.
    pub(super) async fn new(name: &str, mood: Mood) -> Self {
        let options = Options { no_mailer: true, operator_key_hashes: operator_key_hashes(), ..Options::in_memory() };
        let bundle = start_bundle(&options).await.unwrap();
        let ses = Ses::start(mood).await;
        let founder = format!("{}@founder.example", unique("ada"));
        let user = json!({"FirstName": "Ada", "LastName": "Lovelace", "Email": founder, "Password": PASSWORD});
        let world =
            Self { bundle, ses, seconds: Arc::new(AtomicU64::new(clock::now())), token: String::new(), founder };
        let body = json!({"Organization": {"Name": name}, "User": user});
        let created = world.call(Method::POST, "/api/organizations", body).await.ok();
        // Room for as many admins as are promoted.
        subscribe_at(&world.bundle.url(), created["OrganizationId"].as_str().unwrap(), "enterprise").await;
        let login = json!({"Email": world.founder, "Password": PASSWORD, "OrgCode": created["Slug"]});
        let signed_in = world.call(Method::POST, "/api/auth/login", login).await.ok();
        Self { token: signed_in["AccessToken"].as_str().unwrap().to_owned(), ..world }
    }

    pub(super) async fn call(&self, method: Method, path: &str, body: Value) -> HttpAnswer {
        let request = reqwest::Client::new().request(method, format!("{}{path}", self.bundle.url()));
        HttpAnswer::of(request.bearer_auth(&self.token).json(&body).send().await.unwrap()).await
    }

    pub(super) fn client(&self) -> Client {
        Client::from_conf(dynamo::Table::client_config(Some(&self.bundle.dynamodb_url())).build())
    }

    /// Another instance of the function.
    pub(super) fn mailer(&self) -> Mailer {
        let sender = Sender::new("no-reply@api.example", Some(&self.ses.url)).reply_to("help@api.example");
        Mailer::new(self.outbox(), sender, links())
    }

    /// The outbox, by the clock of the mailers.
    pub(super) fn outbox(&self) -> Outbox {
        Table::new(dynamo::Table::new(self.client(), Bundle::TABLE)).outbox(Clock::set_by(self.seconds.clone()))
    }

    pub(super) fn pass(&self, seconds: u64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Accounts that can be promoted, put straight into the table: a password's hash takes longer than the rest.
    pub(super) async fn accounts(&self, count: usize) -> Vec<(String, String)> {
        let mut accounts = Vec::new();
        for _ in 0..count {
            accounts.push(self.account_of("Grace").await);
        }
        accounts
    }

    pub(super) async fn account_of(&self, first_name: &str) -> (String, String) {
        let (id, email) = (ids::UserId::random().to_string(), format!("{}@person.example", unique("grace")));
        let item = json!({
            "pk": format!("EMAIL#{email}"), "sk": "EMAIL", "user_id": id, "email": email, "first_name": first_name,
            "last_name": "Hopper", "password_hash": "none", "revision": "0",
        });
        let item = serde_dynamo::to_item(item).unwrap();
        self.client().put_item().table_name(Bundle::TABLE).set_item(Some(item)).send().await.unwrap();
        (id, email)
    }

    pub(super) async fn forget(&self, email: &str) {
        assert_eq!(self.call(Method::POST, FORGOT, json!({"Email": email})).await.status, 202);
    }

    pub(super) async fn promote(&self, email: &str) -> HttpAnswer {
        self.call(Method::POST, ADMINS, json!({"Email": email})).await
    }

    /// Lets the clock of the mailers show no less than the real one, by which the API puts messages.
    pub(super) fn catch_up(&self) {
        self.seconds.fetch_max(clock::now(), Ordering::SeqCst);
    }

    /// Runs the schedule; how many messages could not be sent.
    pub(super) async fn sweep(&self, mailer: &Mailer) -> usize {
        self.catch_up();
        let event = json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}});
        match mailer.handle(serde_json::from_value(event).unwrap()).await.unwrap() {
            Answer::Sweep { unsent } => unsent,
            Answer::Stream(_) => panic!("a schedule is no stream"),
        }
    }

    /// The queue's entries as the records that the stream brings of them.
    pub(super) async fn records(&self) -> Vec<Value> {
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
    pub(super) async fn states(&self) -> Vec<(String, String)> {
        let admins = self.call(Method::GET, &format!("{ADMINS}?include=mail"), json!({})).await.ok();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        admins.as_array().unwrap().iter().map(|admin| (text(&admin["Email"]), text(&admin["WelcomeEmail"]))).collect()
    }

    pub(super) async fn state(&self, email: &str) -> String {
        self.states().await.into_iter().find(|(address, _)| address == email).unwrap().1
    }
}

/// Hands records over; how many the mailer wants again.
pub(super) async fn feed(mailer: &Mailer, records: &[Value]) -> usize {
    let event: Trigger = serde_json::from_value(json!({"Records": records})).unwrap();
    match mailer.handle(event).await.unwrap() {
        Answer::Stream(response) => response.batch_item_failures.len(),
        Answer::Sweep { .. } => panic!("records are no schedule"),
    }
}

/// Kills the mailer at a call of the table.
pub(super) async fn killed_at(call: usize, fault: Fault) -> World {
    let world = World::new(&unique("Crash"), Mood::Sends).await;
    kill_at(&world, call, fault).await;
    world
}

pub(super) async fn kill_at(world: &World, call: usize, fault: Fault) {
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
