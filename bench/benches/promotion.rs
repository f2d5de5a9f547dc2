//! What a promotion takes while SES sends, and while it is down: `cargo bench --bench promotion`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark fails by panicking, and prints")]

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use axum::{Json, Router, http::StatusCode, routing::post};
use local::{Bundle, Options};
use mailer::{Mailer, Sender, Trigger};
use serde_json::{Value, json};
use shared::{clock::Clock, dynamo, ids, link_token::LinkSigner, table::Table};
use tokio::net::TcpListener;

const PROMOTIONS: usize = 200;

/// An SES that answers every mail with this.
async fn ses(status: StatusCode, kind: &'static str) -> String {
    let answer = move || async move { (status, [("x-amzn-errortype", kind)], Json(json!({"MessageId": "1"}))) };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/v2/email/outbound-emails", post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

/// Sends what the outbox holds, again and again, as the stream's retries and the sweep do.
async fn keep_sending(mailer: Mailer) {
    loop {
        let event = Trigger::Schedule { source: "aws.events".to_owned() };
        let _ = mailer.handle(event).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A bundle whose mails go to an SES of its own, with an organization's admin.
struct World {
    bundle: Bundle,
    client: Client,
    http: reqwest::Client,
    token: String,
    times: Vec<Duration>,
}

impl World {
    async fn new(status: StatusCode, kind: &'static str) -> Self {
        let options = Options { no_mailer: true, ..Options::in_memory() };
        let bundle = Bundle::start(&options).await.unwrap();
        let client = Client::from_conf(dynamo::Table::client_config(Some(&bundle.dynamodb_url())).build());
        let table = Table::new(dynamo::Table::new(client.clone(), Bundle::TABLE));
        let sender = Sender::new("no-reply@bench.example", Some(&ses(status, kind).await));
        let links = LinkSigner::new(&ids::random_id(48), "https://site.example").unwrap();
        tokio::spawn(keep_sending(Mailer::new(table.outbox(Clock::system()), sender, links)));

        let mut world = Self { bundle, client, http: reqwest::Client::new(), token: String::new(), times: Vec::new() };
        let user = json!({"FirstName": "A", "LastName": "B", "Email": "a@bench.example", "Password": "correct horse"});
        let body = json!({"Organization": {"Name": "Bench"}, "User": user});
        let created = world.post("/api/organizations", body).await;
        let login = json!({"Email": "a@bench.example", "Password": "correct horse", "OrgCode": created["Slug"]});
        world.token.push_str(world.post("/api/auth/login", login).await["AccessToken"].as_str().unwrap());
        world
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.bundle.url())).bearer_auth(&self.token).json(&body);
        request.send().await.unwrap().json().await.unwrap()
    }

    async fn promote_somebody(&mut self) {
        let email = format!("{}@bench.example", ids::random_id(12));
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let put = self.client.put_item().table_name(Bundle::TABLE).item("pk", text(&format!("EMAIL#{email}")));
        let put = put
            .item("sk", text("EMAIL"))
            .item("email", text(&email))
            .item("password_hash", text("none"))
            .item("revision", text("0"));
        let put = put.item("first_name", text("Grace")).item("last_name", text("Hopper"));
        put.item("user_id", text(ids::UserId::random().as_str())).send().await.unwrap();
        let started = Instant::now();
        let promoted = self.post("/api/organizations/users/admins", json!({"Email": email})).await;
        self.times.push(started.elapsed());
        assert_eq!(promoted, json!({"Success": true}));
    }

    fn median(&mut self) -> f64 {
        self.times.sort_unstable();
        self.times[PROMOTIONS / 2].as_secs_f64() * 1e3
    }
}

#[tokio::main]
async fn main() {
    let mut sends = World::new(StatusCode::OK, "").await;
    let mut down = World::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable").await;
    // In turn, so that whatever else the machine does meets both.
    for _ in 0..PROMOTIONS {
        sends.promote_somebody().await;
        down.promote_somebody().await;
    }
    let (sending, failing) = (sends.median(), down.median());
    println!("median of {PROMOTIONS} promotions while SES sends {sending:.2} ms, while it is down {failing:.2} ms");
    println!("ratio {:.2}", failing / sending);
}
