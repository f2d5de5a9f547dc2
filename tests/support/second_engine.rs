//! The suite's tables on another DynamoDB engine than the embedded one: `ENGINE` is its address.
//!
//! Functions reach the engine through a proxy, one for each bundle. It gives every bundle an account of its own, since
//! all tables have one name, and tells the bundle's stream of new queue entries: the stream is the embedded engine's.
//! So each mail is still brought by a record that holds nothing but the keys, and is read from the engine under test.

use std::{
    env,
    sync::atomic::{AtomicU64, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, HeaderValue},
    response::{IntoResponse, Response},
};
use local::{Bundle, Options, StartError};
use reqwest::Client;
use serde_json::{Value, json};
use shared::table::QUEUE_PREFIX;
use tokio::net::TcpListener;

/// A body as large as DynamoDB takes, which is more than axum does.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

#[derive(Clone)]
struct Proxy {
    client: Client,
    engine: String,
    /// The embedded engine, whose stream feeds the mailer.
    embedded: String,
    /// Of 12 digits, as the access key's id: an engine for many accounts tells them apart by it.
    account: String,
}

/// Starts a bundle, its table on the engine under test. What is kept in files is always the embedded engine's.
///
/// # Errors
/// As [`Bundle::start`].
pub(crate) async fn start_bundle(options: &Options) -> Result<Bundle, StartError> {
    match env::var("ENGINE") {
        Ok(engine) if options.in_memory => {
            Bundle::start_behind(options, async |embedded| proxy(engine, embedded).await).await
        }
        _ => Bundle::start(options).await,
    }
}

/// Starts a proxy before `engine` for one bundle, and says where it is.
async fn proxy(engine: String, embedded: String) -> String {
    static ACCOUNTS: AtomicU64 = AtomicU64::new(1);
    // An engine that outlives a run has the tables of the runs before.
    let run = u64::from(std::process::id()) * 1_000;
    let account = format!("{:012}", run + ACCOUNTS.fetch_add(1, Ordering::Relaxed));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(answer).layer(DefaultBodyLimit::max(MAX_BODY_BYTES));
    let router = router.with_state(Proxy { client: Client::new(), engine, embedded, account });
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

async fn answer(State(proxy): State<Proxy>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers["x-amz-target"].to_str().unwrap();
    let operation = target.rsplit('.').next().unwrap();
    let answer = proxy.forward(&proxy.engine, headers.clone(), body.clone()).await;
    if !answer.status().is_success() {
        return answer;
    }
    match operation {
        "CreateTable" => {
            proxy.forward(&proxy.embedded, headers, body).await;
        }
        "PutItem" => proxy.tell(&headers, &serde_json::from_slice(&body).unwrap()).await,
        "TransactWriteItems" => {
            let request: Value = serde_json::from_slice(&body).unwrap();
            for action in request["TransactItems"].as_array().unwrap() {
                proxy.tell(&headers, &action["Put"]).await;
            }
        }
        _ => {}
    }
    answer
}

impl Proxy {
    /// Puts a new queue entry's keys into the embedded engine.
    async fn tell(&self, headers: &HeaderMap, put: &Value) {
        let (table, pk, sk) = (&put["TableName"], &put["Item"]["pk"], &put["Item"]["sk"]);
        if pk["S"].as_str().is_some_and(|pk| pk.starts_with(QUEUE_PREFIX)) {
            let mut headers = headers.clone();
            headers.insert("x-amz-target", HeaderValue::from_static("DynamoDB_20120810.PutItem"));
            let put = json!({"TableName": table, "Item": {"pk": pk, "sk": sk}});
            let told = self.forward(&self.embedded, headers, put.to_string().into()).await;
            assert!(told.status().is_success(), "{told:?}");
        }
    }

    async fn forward(&self, engine: &str, mut headers: HeaderMap, body: Bytes) -> Response {
        for name in ["host", "content-length"] {
            headers.remove(name);
        }
        if let Some((_, rest)) = headers["authorization"].to_str().unwrap().split_once('/') {
            let signed = format!("AWS4-HMAC-SHA256 Credential={}/{rest}", self.account);
            headers.insert("authorization", signed.parse().unwrap());
        }
        let answer = self.client.post(engine).headers(headers).body(body).send().await.unwrap();
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        for name in ["transfer-encoding", "content-length", "connection"] {
            headers.remove(name);
        }
        (status, headers, answer.bytes().await.unwrap()).into_response()
    }
}
