//! A proxy in front of the engine that makes conflicts as AWS does, and the faults of a plan.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    body::Body,
    http::{Request, Response},
    response::IntoResponse,
};
use http_body_util::BodyExt;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedRwLockWriteGuard, RwLock},
    time::sleep,
};

use crate::{
    FaultKind, Plan,
    engine::{Answer, Call, Engine},
    items::{Taken, items_of},
    refusals,
    sabotage::Saboteur,
    short_answers::{ShortBatch, shorten_page},
};

/// The longest time that a transaction is in flight before it reaches the engine, in milliseconds.
const MAX_FLIGHT_MILLIS: u32 = 6;
/// The longest delay of a call, in milliseconds.
const MAX_DELAY_MILLIS: u32 = 400;
/// The latest arrival of a call, in milliseconds: beyond each attempt's timeout and its client's next attempts.
const MAX_LATE_MILLIS: u32 = 4_000;

/// The connection is cut. Nothing is answered.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut")]
pub(crate) struct Cut;

/// A proxy in front of an engine.
#[derive(Clone, Debug)]
pub struct Faults {
    url: String,
    proxy: Arc<Proxy>,
}

#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) engine: Engine,
    pub(crate) plan: Plan,
    pub(crate) taken: Taken,
    /// Held shared by reads and plain writes for as long as the engine works on them, and alone by a half-seen commit.
    pub(crate) calls: RwLock<()>,
    pub(crate) saboteur: Option<Saboteur>,
    /// The answers to transactions that were done, by their tokens: the engine forgets them when it restarts, and AWS
    /// knows them for ten minutes.
    done: Mutex<HashMap<String, (Value, Answer)>>,
    /// Calls that aren't done yet, whether their callers wait or not.
    open: AtomicUsize,
    /// Held shared by every call until it is done, and alone while the engine is away.
    away: Arc<RwLock<()>>,
}

/// The engine is away: calls wait until this is dropped.
#[derive(Debug)]
pub struct Pause {
    _alone: OwnedRwLockWriteGuard<()>,
}

impl Faults {
    /// Starts a proxy in front of the engine at this address.
    ///
    /// # Panics
    /// The proxy can't listen.
    pub async fn start(engine: String, plan: Plan) -> Self {
        Self::start_sabotaged(engine, plan, None).await
    }

    /// Starts a proxy that also breaks what it should not.
    ///
    /// # Panics
    /// The proxy can't listen.
    pub async fn start_sabotaged(engine: String, plan: Plan, saboteur: Option<Saboteur>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (engine, taken) = (Engine::at(engine), Taken::default());
        let (calls, open) = (RwLock::default(), AtomicUsize::new(0));
        let away = Arc::default();
        let proxy = Arc::new(Proxy { engine, plan, taken, calls, saboteur, done: Mutex::default(), open, away });
        tokio::spawn(serve(listener, proxy.clone()));
        Self { url, proxy }
    }

    /// The proxy's address, for the clients of the engine.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The plan, with what has come of it.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.proxy.plan
    }

    /// The engine behind it.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.proxy.engine
    }

    /// Returns once the engine works on no call, and keeps calls from it.
    pub async fn pause(&self) -> Pause {
        Pause { _alone: self.proxy.away.clone().write_owned().await }
    }

    /// What was broken on purpose so far.
    #[must_use]
    pub fn sabotaged(&self) -> u64 {
        self.proxy.saboteur.as_ref().map_or(0, Saboteur::count)
    }

    /// Returns once no call is under way, those that arrive late included.
    pub async fn settled(&self) {
        while self.proxy.open.load(Ordering::SeqCst) > 0 {
            sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Counts a call as open until it is dropped.
struct Open(Arc<Proxy>);

impl Open {
    fn new(proxy: Arc<Proxy>) -> Self {
        proxy.open.fetch_add(1, Ordering::SeqCst);
        Self(proxy)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn serve(listener: TcpListener, proxy: Arc<Proxy>) -> Infallible {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve_connection(stream, proxy.clone()));
        }
    }
}

async fn serve_connection(stream: TcpStream, proxy: Arc<Proxy>) {
    // A service that fails has hyper close the connection without a word.
    let service = service_fn(move |request| answer(proxy.clone(), request));
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(proxy: Arc<Proxy>, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
    let call = Call::read(parts.headers, &body);
    let open = Open::new(proxy.clone());
    // A task of its own goes on when the caller is killed, as a request on its way to AWS does.
    let answer = tokio::spawn(async move { open.0.clone().answer(call, open).await });
    Ok(answer.await.unwrap()?.into_response())
}

impl Proxy {
    async fn answer(self: Arc<Self>, mut call: Call, open: Open) -> Result<Answer, Cut> {
        let here = self.away.clone().read_owned().await;
        match self.plan.draw(&call) {
            Some(FaultKind::Throttled) => Ok(self.throttle(&call)),
            Some(FaultKind::ServerError) => Ok(refusals::server_error(self.plan.random(0..2) == 0)),
            Some(FaultKind::DoneButServerError) => {
                self.perform(&call).await?;
                Ok(refusals::server_error(false))
            }
            Some(FaultKind::CutBefore) => Err(Cut),
            Some(FaultKind::DoneButUnheard) => {
                self.perform(&call).await?;
                Err(Cut)
            }
            Some(FaultKind::Delayed) => {
                sleep(self.plan.time_below(MAX_DELAY_MILLIS)).await;
                self.perform(&call).await
            }
            Some(FaultKind::LateArrival) => {
                let heard = self.plan.random(0..2) == 0;
                let late = self.plan.time_below(MAX_LATE_MILLIS);
                tokio::spawn(async move {
                    let _open = (open, here);
                    sleep(late).await;
                    let _ = self.perform(&call).await;
                });
                if heard { Ok(refusals::server_error(false)) } else { Err(Cut) }
            }
            Some(FaultKind::ShortPage) => {
                shorten_page(&mut call, &self.plan);
                self.perform(&call).await
            }
            Some(FaultKind::UnprocessedKeys) => {
                let batch = ShortBatch::of(&mut call, &self.plan);
                Ok(batch.add_left_out(self.perform(&call).await?))
            }
            Some(FaultKind::HalfSeen) => self.commit_half_seen(&call).await,
            Some(FaultKind::Conflict) | None => self.perform(&call).await,
        }
    }

    fn throttle(&self, call: &Call) -> Answer {
        if call.operation == "TransactWriteItems" && self.plan.random(0..2) == 0 {
            let items = items_of(call).len();
            let at = self.plan.random(0..u32::try_from(items).unwrap_or(1)) as usize;
            let code = ["ThrottlingError", "ProvisionedThroughputExceeded"][self.plan.random(0..2) as usize];
            let reasons: Vec<_> = (0..items).map(|item| if item == at { code } else { "None" }).collect();
            return refusals::cancelled(&reasons);
        }
        refusals::throttled(self.plan.random(0..2) == 0)
    }

    /// Has the engine do the call, unless another transaction has its items.
    async fn perform(&self, call: &Call) -> Result<Answer, Cut> {
        if let Some(saboteur) = &self.saboteur
            && self.plan.is_enabled()
        {
            return saboteur.perform(self, call).await;
        }
        self.perform_honestly(call).await
    }

    pub(crate) async fn perform_honestly(&self, call: &Call) -> Result<Answer, Cut> {
        let items = items_of(call);
        match &*call.operation {
            "TransactWriteItems" => {
                let flight = match self.taken.take(items) {
                    Ok(flight) => flight,
                    Err(reasons) => {
                        self.plan.count(FaultKind::Conflict);
                        return Ok(refusals::cancelled(&reasons));
                    }
                };
                sleep(self.plan.time_below(MAX_FLIGHT_MILLIS)).await;
                let answer = self.forward_transaction(call).await;
                drop(flight);
                answer
            }
            "PutItem" | "UpdateItem" | "DeleteItem" => {
                // A half-seen commit that takes the item after this question waits for this write.
                let _shared = self.calls.read().await;
                if self.taken.has(&items) {
                    self.plan.count(FaultKind::Conflict);
                    return Ok(refusals::conflict());
                }
                self.engine.forward(call).await.ok_or(Cut)
            }
            "TransactGetItems" => {
                // So it sees no half: a half-seen commit has its items until they are all new.
                let _shared = self.calls.read().await;
                if let Err(reasons) = self.taken.take(items) {
                    self.plan.count(FaultKind::Conflict);
                    return Ok(refusals::cancelled(&reasons));
                }
                self.engine.forward(call).await.ok_or(Cut)
            }
            _ => {
                let _shared = self.calls.read().await;
                self.engine.forward(call).await.ok_or(Cut)
            }
        }
    }

    /// Has the engine do a transaction, unless one with its token was done.
    pub(crate) async fn forward_transaction(&self, call: &Call) -> Result<Answer, Cut> {
        let token = call.body["ClientRequestToken"].as_str().map(str::to_owned);
        let known = token.as_ref().and_then(|token| self.done.lock().unwrap().get(token).cloned());
        if let Some((actions, answer)) = known {
            let is_same = actions == call.body["TransactItems"];
            return Ok(if is_same { answer } else { refusals::another_transaction() });
        }
        let answer = self.engine.forward(call).await.ok_or(Cut)?;
        if let Some(token) = token.filter(|_| answer.is_done()) {
            self.done.lock().unwrap().insert(token, (call.body["TransactItems"].clone(), answer.clone()));
        }
        Ok(answer)
    }
}
