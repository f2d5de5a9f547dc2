//! The API as a client calls it, and what the client hears.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rand::random_range;
use reqwest::{Client, Method};
use serde_json::Value;

use crate::tally::Tally;

/// How often a request with an idempotency key is sent before its outcome stays unknown.
const TRIES: usize = 5;
/// How often a call is made that has to succeed.
const MOST_TRIES: usize = 200;
/// Nobody waits longer for an answer.
const PATIENCE: Duration = Duration::from_mins(2);

/// A call to be made.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: Method,
    path: String,
    token: Option<String>,
    api_key: Option<String>,
    idempotency_key: Option<String>,
    body: Option<Value>,
}

impl Request {
    fn new(method: Method, path: &str) -> Self {
        let path = path.to_owned();
        Self { method, path, token: None, api_key: None, idempotency_key: None, body: None }
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn post(path: &str, body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::POST, path) }
    }

    pub(crate) fn put(path: &str, body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::PUT, path) }
    }

    pub(crate) fn patch(path: &str, body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::PATCH, path) }
    }

    pub(crate) fn delete(path: &str, body: Option<Value>) -> Self {
        Self { body, ..Self::new(Method::DELETE, path) }
    }

    /// The call with a token.
    pub(crate) fn by(self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self }
    }

    /// The call with a machine's key.
    pub(crate) fn by_machine(self, key: &str) -> Self {
        Self { api_key: Some(key.to_owned()), ..self }
    }

    /// The call with an `Idempotency-Key`, by which it is sent again until its outcome is known.
    pub(crate) fn once(self, key: String) -> Self {
        Self { idempotency_key: Some(key), ..self }
    }

    fn is_write(&self) -> bool {
        self.method != Method::GET
    }
}

/// A whole answer of the API.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn is_ok(&self) -> bool {
        self.status == 200
    }

    pub(crate) fn text(&self, field: &str) -> String {
        self.body[field].as_str().unwrap_or_default().to_owned()
    }

    /// What is wrong with a field of the request.
    pub(crate) fn error(&self, field: &str) -> Option<&str> {
        self.body["errors"][field][0].as_str()
    }
}

/// What was heard of a call.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    /// The answer, unless it is unknown what the call did.
    pub(crate) answer: Option<Answer>,
    /// When the call that was answered began, in nanoseconds since the run began.
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// When each call began that may still take effect. A call with an idempotency key that succeeded in the end has
    /// none: whichever of its tries had the effect, there is one.
    pub(crate) unheard: Vec<u64>,
}

impl Heard {
    pub(crate) fn is_ok(&self) -> bool {
        self.answer.as_ref().is_some_and(Answer::is_ok)
    }
}

/// The API.
#[derive(Clone)]
pub(crate) struct Api {
    url: String,
    client: Client,
    began: Instant,
    tally: Arc<Tally>,
}

impl Api {
    pub(crate) fn at(url: String, tally: Arc<Tally>) -> Self {
        Self { url, client: Client::new(), began: Instant::now(), tally }
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Now, in nanoseconds since the run began.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Makes a call, again and again where it has an idempotency key and its outcome is unknown.
    pub(crate) async fn call(&self, request: &Request) -> Heard {
        let first = self.now();
        let mut unheard = Vec::new();
        let tries = if request.idempotency_key.is_some() { TRIES } else { 1 };
        for _ in 0..tries {
            let start = self.now();
            let answer = self.send(request).await;
            let end = self.now();
            let Some(answer) = answer else {
                // Of tries with one key one takes effect, so that they count as one call.
                if request.is_write() && unheard.is_empty() {
                    unheard.push(start);
                }
                tokio::time::sleep(random_range(Duration::ZERO..Duration::from_millis(100))).await;
                continue;
            };
            if answer.is_ok() {
                return Heard { answer: Some(answer), start: first, end, unheard: Vec::new() };
            }
            return Heard { answer: Some(answer), start, end, unheard };
        }
        Heard { answer: None, start: first, end: self.now(), unheard }
    }

    /// Makes a call that has to succeed, as often as it takes. It has to have an idempotency key, or to do no harm when
    /// it takes effect twice.
    ///
    /// # Panics
    /// The call never succeeds.
    pub(crate) async fn insist(&self, request: &Request) -> Answer {
        for _ in 0..MOST_TRIES {
            match self.send(request).await {
                Some(answer) if answer.is_ok() => return answer,
                Some(answer) => self.tally.complain(format!("{request:?} has to succeed: {answer:?}")),
                None => {}
            }
            tokio::time::sleep(random_range(Duration::ZERO..Duration::from_millis(100))).await;
        }
        panic!("{request:?} never succeeded");
    }

    /// Sends a request once. `None` where it is unknown what it did: the connection was cut, its function was killed, or
    /// the table was out of reach.
    async fn send(&self, request: &Request) -> Option<Answer> {
        let mut sent = self.client.request(request.method.clone(), format!("{}{}", self.url, request.path));
        sent = sent.timeout(PATIENCE);
        if let Some(token) = &request.token {
            sent = sent.bearer_auth(token);
        }
        if let Some(key) = &request.api_key {
            sent = sent.header("x-api-key", key);
        }
        if let Some(key) = &request.idempotency_key {
            sent = sent.header("idempotency-key", key);
        }
        if let Some(body) = &request.body {
            sent = sent.json(body);
        }
        let began = Instant::now();
        let answer = sent.send().await;
        let Ok(answer) = answer else {
            self.tally.cut();
            return None;
        };
        let status = answer.status().as_u16();
        let by_function = answer.headers().contains_key("x-request-id");
        let text = answer.text().await.unwrap_or_default();
        let what = || format!("{} {}", request.method, request.path.split('?').next().unwrap_or_default());
        self.tally.answered(&what(), status, by_function, &text, began.elapsed(), request.is_write());
        (status < 500).then(|| Answer { status, body: serde_json::from_str(&text).unwrap_or_default() })
    }
}
