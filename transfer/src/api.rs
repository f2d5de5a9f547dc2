//! Calls of the API, which are sent again while it is busy or out of reach.

use std::time::{Duration, Instant};

use aws_smithy_http_client::{
    Connector,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, SharedHttpConnector},
    orchestrator::HttpRequest,
};
use http_body_util::BodyExt;
use rand::random_range;
use serde_json::Value;
use shared::error_chain::chain;
use tokio::time::{sleep, timeout};

use crate::{Failure, Target};

/// How long one call may take: the API answers within half of it.
const CALL_TIME: Duration = Duration::from_mins(1);
/// The upper bounds of the first pause before another attempt, and of every pause.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The API, for the holder of a key.
pub(crate) struct Api {
    connector: SharedHttpConnector,
    url: String,
    key: String,
    patience: Duration,
}

/// What came of one attempt.
enum Attempt {
    Answered(Value),
    /// Another attempt may succeed, after so long.
    Busy(String, Option<Duration>),
    Refused(String),
}

impl Api {
    pub(crate) fn new(target: &Target) -> Self {
        let connector = Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).build();
        Self {
            connector: SharedHttpConnector::new(connector),
            url: target.url.trim_end_matches('/').to_owned(),
            key: target.key.clone(),
            patience: Duration::from_secs(target.give_up_after),
        }
    }

    /// Gets a path.
    ///
    /// # Errors
    /// The API refuses the call, or stayed busy or out of reach for too long.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.call(path, None).await
    }

    /// Posts a CSV file.
    ///
    /// # Errors
    /// The API refuses the call, or stayed busy or out of reach for too long.
    pub(crate) async fn post_csv(&self, path: &str, file: &[u8]) -> Result<Value, Failure> {
        self.call(path, Some(file)).await
    }

    async fn call(&self, path: &str, file: Option<&[u8]>) -> Result<Value, Failure> {
        let (started, mut longest) = (Instant::now(), FIRST_PAUSE);
        loop {
            let attempt = timeout(CALL_TIME, self.attempt(path, file)).await;
            let (cause, asked) = match attempt {
                Ok(Ok(Attempt::Answered(answer))) => return Ok(answer),
                Ok(Ok(Attempt::Refused(cause))) => return Err(cause.into()),
                Ok(Ok(Attempt::Busy(cause, asked))) => (cause, asked),
                Ok(Err(error)) => (error.to_string(), None),
                Err(_) => ("the API did not answer".to_owned(), None),
            };
            if started.elapsed() >= self.patience {
                return Err(format!("{cause}; run the command again to go on").into());
            }
            // What the API asks for is the least; the jitter on top keeps clients apart.
            sleep(asked.unwrap_or_default() + random_range(Duration::ZERO..longest)).await;
            longest = (longest * 2).min(LONGEST_PAUSE);
        }
    }

    /// Sends a call once.
    ///
    /// # Errors
    /// The connection failed.
    async fn attempt(&self, path: &str, file: Option<&[u8]>) -> Result<Attempt, Failure> {
        let mut request = HttpRequest::get(format!("{}{path}", self.url))?;
        if let Some(file) = file {
            request = HttpRequest::new(file.to_vec().into());
            request.set_method("POST")?;
            request.set_uri(format!("{}{path}", self.url))?;
            request.headers_mut().insert("content-type", "text/csv");
            request.headers_mut().insert("content-length", file.len().to_string());
        }
        request.headers_mut().try_insert("x-api-key", self.key.clone())?;
        let answer = self.connector.call(request).await.map_err(|error| chain(&error))?;
        let status = answer.status().as_u16();
        let asked = answer.headers().get("retry-after").and_then(|seconds| seconds.parse().ok());
        let body = answer.into_body().collect().await?.to_bytes();
        let body = serde_json::from_slice::<Value>(&body).unwrap_or_default();
        Ok(match status {
            200 => Attempt::Answered(body),
            429 | 500 | 502..=504 => Attempt::Busy(said(status, &body), asked.map(Duration::from_secs)),
            _ => Attempt::Refused(said(status, &body)),
        })
    }
}

/// What a problem answer says, for a person.
fn said(status: u16, problem: &Value) -> String {
    let text = |name: &str| problem[name].as_str().map(str::to_owned);
    let said = text("detail").or_else(|| text("title")).unwrap_or_else(|| format!("status {status}"));
    let fields = problem["errors"].as_object().into_iter().flatten();
    let fields = fields.map(|(name, errors)| format!("{name} {}", sentences(errors)));
    let fields = fields.collect::<Vec<_>>().join("; ");
    if fields.is_empty() { said } else { format!("{said} {fields}") }
}

/// The sentences about one field.
pub(crate) fn sentences(errors: &Value) -> String {
    let sentences = errors.as_array().into_iter().flatten().filter_map(Value::as_str);
    sentences.collect::<Vec<_>>().join(", ")
}
