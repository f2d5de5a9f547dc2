//! A table in trouble: its calls hang until their third attempt, or are throttled, from the moment that a test says so.

use std::{
    collections::HashMap,
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
use reqwest::Client;
use serde_json::json;
use tokio::{net::TcpListener, time::sleep};

/// What the calls meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// Nothing.
    #[default]
    Well,
    /// Each call fails twice, after this time, and isn't done; the third attempt is.
    ThirdAttempt(Duration),
    /// Transactions are throttled, and reads are answered.
    Throttled,
}

/// A proxy in front of an engine.
#[derive(Clone)]
pub struct Trouble {
    engine: String,
    client: Client,
    mood: Arc<Mutex<Mood>>,
    /// How often each body has failed since it was last answered: a further attempt has the same one.
    failed: Arc<Mutex<HashMap<Bytes, u32>>>,
}

impl Trouble {
    /// A proxy in front of the engine at this address, and its own address.
    ///
    /// # Panics
    /// The proxy can't listen.
    pub async fn start(engine: String) -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let trouble = Self { engine, client: Client::new(), mood: Arc::default(), failed: Arc::default() };
        let router = Router::new().fallback(answer).with_state(trouble.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (trouble, url)
    }

    /// Sets what the calls meet from now on.
    ///
    /// # Panics
    /// A call has panicked.
    pub fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Whether this attempt fails, by how often the same call has failed.
    fn fails(&self, body: &Bytes) -> bool {
        let mut failed = self.failed.lock().unwrap();
        let times = failed.entry(body.clone()).or_default();
        *times = (*times + 1) % 3;
        *times != 0
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

async fn answer(State(trouble): State<Trouble>, headers: HeaderMap, body: Bytes) -> Response {
    let mood = *trouble.mood.lock().unwrap();
    match mood {
        Mood::ThirdAttempt(time) if trouble.fails(&body) => {
            sleep(time).await;
            refused(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError")
        }
        Mood::Throttled if headers["x-amz-target"].to_str().unwrap().ends_with("TransactWriteItems") => {
            refused(StatusCode::BAD_REQUEST, "ThrottlingException")
        }
        _ => trouble.forward(&headers, body).await,
    }
}

fn refused(status: StatusCode, kind: &str) -> Response {
    let body = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": "trouble"});
    (status, [("content-type", "application/x-amz-json-1.0")], body.to_string()).into_response()
}
