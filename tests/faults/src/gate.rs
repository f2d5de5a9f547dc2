//! A gate in front of the engine, at which a test holds one call of one request until something else is done. So a test
//! chooses an interleaving instead of waiting for it.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use reqwest::Client;
use serde_json::Value;
use tokio::{net::TcpListener, sync::oneshot};

/// A call that reaches the gate.
#[derive(Debug)]
pub struct Call {
    /// The operation's name, such as `TransactWriteItems`.
    pub operation: String,
    /// The request's body.
    pub body: Value,
}

impl Call {
    /// Whether it is of this operation and has this text anywhere in its body, such as a part of a key.
    #[must_use]
    pub fn is(&self, operation: &str, text: &str) -> bool {
        self.operation == operation && self.body.to_string().contains(text)
    }
}

/// Where a call is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Before it reaches the engine.
    Request,
    /// Once the engine has done it, before the caller hears of it.
    Answer,
}

type Matches = Box<dyn Fn(&Call) -> bool + Send>;

struct Trap {
    at: At,
    matches: Matches,
    arrived: oneshot::Sender<()>,
    released: oneshot::Receiver<()>,
}

/// A proxy in front of an engine.
#[derive(Clone)]
pub struct Gate {
    engine: String,
    url: String,
    client: Client,
    traps: Arc<Mutex<Vec<Trap>>>,
}

/// A call that the gate holds, now or once it comes. Dropping this lets it go.
#[derive(Debug)]
pub struct Held {
    arrived: oneshot::Receiver<()>,
    release: oneshot::Sender<()>,
}

impl Held {
    /// Returns once the call is held.
    ///
    /// # Panics
    /// The gate is gone.
    pub async fn arrived(&mut self) {
        (&mut self.arrived).await.unwrap();
    }

    /// Lets the call go on.
    pub fn release(self) {
        // The caller may have gone away meanwhile, but the gate still waits for this.
        let _ = self.release.send(());
    }
}

impl Gate {
    /// Starts a gate in front of the engine at this address.
    ///
    /// # Panics
    /// The gate can't listen.
    pub async fn start(engine: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let gate = Self { engine, url, client: Client::new(), traps: Arc::default() };
        let router = Router::new().fallback(answer).with_state(gate.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        gate
    }

    /// The gate's address, for the clients of the engine.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Holds the next call that matches before it reaches the engine. It reaches the engine once it is released, even if
    /// its caller has gone away meanwhile.
    pub fn hold(&self, matches: impl Fn(&Call) -> bool + Send + 'static) -> Held {
        self.trap(At::Request, Box::new(matches))
    }

    /// Holds the answer to the next call that matches: the call is done, and its caller doesn't know.
    pub fn hold_answer(&self, matches: impl Fn(&Call) -> bool + Send + 'static) -> Held {
        self.trap(At::Answer, Box::new(matches))
    }

    fn trap(&self, at: At, matches: Matches) -> Held {
        let (arrived_sender, arrived) = oneshot::channel();
        let (release, released) = oneshot::channel();
        self.traps.lock().unwrap().push(Trap { at, matches, arrived: arrived_sender, released });
        Held { arrived, release }
    }

    fn spring(&self, call: &Call) -> Option<Trap> {
        let mut traps = self.traps.lock().unwrap();
        let sprung = traps.iter().position(|trap| (trap.matches)(call))?;
        Some(traps.remove(sprung))
    }

    async fn pass(self, headers: HeaderMap, body: Bytes) -> Response {
        let operation = headers["x-amz-target"].to_str().unwrap().rsplit('.').next().unwrap().to_owned();
        let call = Call { operation, body: serde_json::from_slice(&body).unwrap() };
        let Some(Trap { at, arrived, released, .. }) = self.spring(&call) else {
            return self.forward(&headers, body).await;
        };
        if at == At::Request {
            let _ = arrived.send(());
            let _ = released.await;
            return self.forward(&headers, body).await;
        }
        let response = self.forward(&headers, body).await;
        let _ = arrived.send(());
        let _ = released.await;
        response
    }

    async fn forward(&self, headers: &HeaderMap, body: Bytes) -> Response {
        let mut request = self.client.post(&self.engine).body(body);
        for (name, value) in headers {
            if name != "host" && name != "content-length" {
                request = request.header(name, value);
            }
        }
        let Ok(answer) = request.send().await else {
            return StatusCode::BAD_GATEWAY.into_response();
        };
        let (status, headers) = (answer.status(), answer.headers().clone());
        (status, headers, answer.bytes().await.unwrap_or_default()).into_response()
    }
}

async fn answer(State(gate): State<Gate>, headers: HeaderMap, body: Bytes) -> Response {
    // A task of its own goes on when the caller closes the connection, as a request on its way to AWS does.
    tokio::spawn(gate.pass(headers, body)).await.unwrap()
}
