//! Calls as they come from clients, and the engine that they go on to.

use std::sync::{Arc, Mutex};

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use reqwest::Client;
use serde_json::Value;

/// What stands before an operation's name in `X-Amz-Target`.
const TARGET_PREFIX: &str = "DynamoDB_20120810.";

/// A call of DynamoDB's protocol.
#[derive(Clone, Debug)]
pub struct Call {
    /// The operation's name, such as `TransactWriteItems`.
    pub operation: String,
    /// The request's head, with the operation in `X-Amz-Target`.
    pub headers: HeaderMap,
    /// The request's body.
    pub body: Value,
}

impl Call {
    /// Reads a call.
    ///
    /// # Panics
    /// The request is none of DynamoDB's protocol.
    #[must_use]
    pub fn read(headers: HeaderMap, body: &[u8]) -> Self {
        let target = headers["x-amz-target"].to_str().unwrap();
        let operation = target.rsplit('.').next().unwrap().to_owned();
        Self { operation, body: serde_json::from_slice(body).unwrap(), headers }
    }

    /// Another call by the same client.
    ///
    /// # Panics
    /// The operation's name can't be in a header.
    #[must_use]
    pub fn other(&self, operation: &str, body: Value) -> Self {
        let mut headers = self.headers.clone();
        headers.insert("x-amz-target", HeaderValue::from_str(&format!("{TARGET_PREFIX}{operation}")).unwrap());
        Self { operation: operation.to_owned(), headers, body }
    }
}

/// An answer to a call.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status: 200, 400 for a refusal, or 5xx.
    pub status: StatusCode,
    /// The head.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// Whether the call was done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.status == StatusCode::OK
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// The body isn't JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Replaces the body. Its checksum would not fit any more.
    #[must_use]
    pub fn with_body(mut self, body: &Value) -> Self {
        self.headers.remove("x-amz-crc32");
        self.headers.remove("content-length");
        self.body = body.to_string().into();
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        (self.status, self.headers, self.body).into_response()
    }
}

/// The engine behind a proxy.
#[derive(Clone, Debug)]
pub struct Engine {
    url: Arc<Mutex<String>>,
    client: Client,
}

impl Engine {
    /// The engine at this address.
    #[must_use]
    pub fn at(url: String) -> Self {
        Self { url: Arc::new(Mutex::new(url)), client: Client::new() }
    }

    /// Goes on with the engine at another address, after a restart.
    ///
    /// # Panics
    /// Another thread has panicked.
    pub fn moved_to(&self, url: String) {
        *self.url.lock().unwrap() = url;
    }

    /// Has the engine do the call. Returns `None` where the engine is out of reach, or its answer was lost.
    ///
    /// # Panics
    /// Another thread has panicked.
    pub async fn forward(&self, call: &Call) -> Option<Answer> {
        let url = self.url.lock().unwrap().clone();
        let mut request = self.client.post(url).body(call.body.to_string());
        for (name, value) in &call.headers {
            if name != "host" && name != "content-length" {
                request = request.header(name, value);
            }
        }
        let answer = request.send().await.ok()?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        Some(Answer { status, headers, body: answer.bytes().await.ok()? })
    }
}
