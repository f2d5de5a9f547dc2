//! What AWS's DynamoDB does and no local engine: while a transaction is in flight, its items are taken.
//!
//! A transaction that touches an item of another one in flight is cancelled with `TransactionConflict` at that item's
//! place, and so is a transaction of reads; a plain write to such an item is refused with
//! `TransactionConflictException`. Source: Amazon DynamoDB Developer Guide, "Transaction conflict handling in DynamoDB".

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::{net::TcpListener, time::sleep};

/// The pauses of every run are these.
const SEED: u64 = 4;
/// The longest time that a transaction is in flight before it reaches the engine.
const MAX_FLIGHT_TIME: Duration = Duration::from_millis(6);

#[derive(Clone)]
struct Proxy {
    engine: String,
    client: Client,
    taken: Arc<Mutex<HashSet<String>>>,
    random: Arc<Mutex<StdRng>>,
}

/// Items that a transaction holds until it is done, be it that its caller goes away.
struct Flight {
    keys: Vec<String>,
    taken: Arc<Mutex<HashSet<String>>>,
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap();
        for key in &self.keys {
            taken.remove(key);
        }
    }
}

/// Starts a proxy in front of the engine at this address, and says where it is.
///
/// # Panics
/// The proxy can't listen.
pub async fn proxy(engine: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let random = Arc::new(Mutex::new(StdRng::seed_from_u64(SEED)));
    let proxy = Proxy { engine, client: Client::new(), taken: Arc::default(), random };
    let router = Router::new().fallback(answer).with_state(proxy);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

async fn answer(State(proxy): State<Proxy>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers["x-amz-target"].to_str().unwrap();
    let operation = target.rsplit('.').next().unwrap();
    let request: Value = serde_json::from_slice(&body).unwrap();
    match operation {
        "TransactWriteItems" => {
            let keys: Vec<_> = request["TransactItems"].as_array().unwrap().iter().map(transaction_key).collect();
            let flight = match proxy.take(keys) {
                Ok(flight) => flight,
                Err(reasons) => return cancelled(&reasons),
            };
            let pause = proxy.random.lock().unwrap().random_range(Duration::ZERO..MAX_FLIGHT_TIME);
            sleep(pause).await;
            let answer = proxy.forward(&headers, body).await;
            drop(flight);
            answer
        }
        "TransactGetItems" => {
            let keys = request["TransactItems"].as_array().unwrap().iter().map(transaction_key).collect();
            // Reads hold no item: what is taken for them is given back at once.
            match proxy.take(keys) {
                Ok(_) => proxy.forward(&headers, body).await,
                Err(reasons) => cancelled(&reasons),
            }
        }
        "PutItem" | "UpdateItem" | "DeleteItem" => {
            let key = item_key(request.get("Key").unwrap_or(&request["Item"]));
            if proxy.taken.lock().unwrap().contains(&key) {
                let message = "Transaction is ongoing for the item";
                return refused("TransactionConflictException", &json!({"message": message}));
            }
            proxy.forward(&headers, body).await
        }
        _ => proxy.forward(&headers, body).await,
    }
}

impl Proxy {
    /// Takes the items for a transaction, or returns for each whether another transaction has it.
    fn take(&self, keys: Vec<String>) -> Result<Flight, Vec<&'static str>> {
        let mut taken = self.taken.lock().unwrap();
        let reasons: Vec<_> =
            keys.iter().map(|key| if taken.contains(key) { "TransactionConflict" } else { "None" }).collect();
        if reasons.contains(&"TransactionConflict") {
            return Err(reasons);
        }
        taken.extend(keys.iter().cloned());
        Ok(Flight { keys, taken: self.taken.clone() })
    }

    async fn forward(&self, headers: &HeaderMap, body: Bytes) -> Response {
        let mut request = self.client.post(&self.engine).body(body);
        for (name, value) in headers {
            if name != "host" && name != "content-length" {
                request = request.header(name, value);
            }
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        (status, headers, answer.bytes().await.unwrap()).into_response()
    }
}

fn transaction_key(action: &Value) -> String {
    let action = action.as_object().unwrap().values().next().unwrap();
    item_key(action.get("Key").unwrap_or(&action["Item"]))
}

fn item_key(item: &Value) -> String {
    format!("{}\u{0}{}", item["pk"]["S"].as_str().unwrap(), item["sk"]["S"].as_str().unwrap())
}

fn cancelled(reasons: &[&str]) -> Response {
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        reasons.join(", ")
    );
    let reasons: Vec<_> = reasons.iter().map(|code| json!({"Code": code})).collect();
    refused("TransactionCanceledException", &json!({"Message": message, "CancellationReasons": reasons}))
}

fn refused(kind: &str, rest: &Value) -> Response {
    let mut body = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{kind}")});
    body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    (StatusCode::BAD_REQUEST, [("content-type", "application/x-amz-json-1.0")], body.to_string()).into_response()
}
