//! The current request: its id, its cost in DynamoDB, when its answer is due, whether it may have changed something, and
//! the work that is deferred until it has succeeded.

use std::{
    mem::take,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use domain::mutex::lock;
use futures_util::future::join_all;
use tokio::time::{Instant, timeout};

tokio::task_local! {
    static REQUEST: Arc<RequestContext>;
}

/// The context of the current request.
pub struct RequestContext {
    id: String,
    answer_due: Instant,
    costs: Mutex<Costs>,
    /// Writes that were made, or that nobody knows to have failed.
    effects: AtomicU32,
    after_request: Mutex<Vec<DeferredWork>>,
}

/// The time for which a finished answer waits for deferred work.
const AFTER_REQUEST_TIMEOUT: Duration = Duration::from_secs(1);

type DeferredWork = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The cost of a request in DynamoDB so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Costs {
    /// Calls. A retried call counts once, and each attempt of a transaction by itself.
    pub calls: u32,
    /// HTTP requests, including retries.
    pub attempts: u32,
    /// Sequential round trips: the longest chain of calls in which each began after the one before had ended. A call
    /// counts as waiting for every call that had ended by then, needed or not, so the number is never too low.
    pub round_trips: u32,
    /// Capacity units, reads and writes together.
    pub units: f64,
    /// Capacity units of writes.
    pub write_units: f64,
}

impl RequestContext {
    /// Creates the context of the request with this id, whose answer is due at this time.
    #[must_use]
    pub fn new(id: String, answer_due: Instant) -> Arc<Self> {
        Arc::new(Self {
            id,
            answer_due,
            costs: Mutex::default(),
            effects: AtomicU32::new(0),
            after_request: Mutex::default(),
        })
    }

    /// Runs `work` in the context of this request. Its log lines, answers and costs then belong to the request. A task
    /// that `work` spawns does not inherit the context.
    pub async fn scope<F: Future>(self: &Arc<Self>, work: F) -> F::Output {
        REQUEST.scope(self.clone(), work).await
    }

    /// Runs the deferred work for at most a second. Called only if the request succeeded.
    pub async fn run_after_request(self: &Arc<Self>) {
        let work = take(&mut *lock(&self.after_request));
        if !work.is_empty() && timeout(AFTER_REQUEST_TIMEOUT, self.scope(join_all(work))).await.is_err() {
            tracing::warn!("what was left for after the request took too long");
        }
    }

    /// Returns the id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the costs so far.
    #[must_use]
    pub fn costs(&self) -> Costs {
        *lock(&self.costs)
    }
}

/// Returns the id of the current request, or `None` outside of one.
#[must_use]
pub fn request_id() -> Option<String> {
    REQUEST.try_with(|request| request.id.clone()).ok()
}

/// Returns the time that is left until the answer to the current request is due, or `None` outside of one.
#[must_use]
pub fn time_left() -> Option<Duration> {
    REQUEST.try_with(|request| request.answer_due.saturating_duration_since(Instant::now())).ok()
}

/// Returns whether the current request may have changed what its caller asked to change: a transaction was committed, or
/// nobody knows whether one was.
#[must_use]
pub fn may_have_changed() -> bool {
    REQUEST.try_with(|request| request.effects.load(Ordering::Relaxed) > 0).unwrap_or_default()
}

/// A write of the current request, which counts as one that may have been made from the moment it is sent. If the request
/// is cut off while the write is in flight, nothing runs that could tell.
pub(crate) struct Effect {
    request: Option<Arc<RequestContext>>,
    counted: bool,
}

impl Effect {
    /// A write that is not sent yet.
    pub(crate) fn of_current_request() -> Self {
        Self { request: REQUEST.try_with(Arc::clone).ok(), counted: false }
    }

    /// A write whose loss matters to no caller.
    pub(crate) fn of_nobody() -> Self {
        Self { request: None, counted: false }
    }

    /// Notes that the write is being sent.
    pub(crate) fn is_possible(&mut self) {
        if let Some(request) = self.request.as_ref().filter(|_| !self.counted) {
            request.effects.fetch_add(1, Ordering::Relaxed);
            self.counted = true;
        }
    }

    /// Notes that the write was not made, and will not be.
    pub(crate) fn is_ruled_out(&mut self) {
        if let Some(request) = self.request.as_ref().filter(|_| self.counted) {
            request.effects.fetch_sub(1, Ordering::Relaxed);
            self.counted = false;
        }
    }
}

/// Defers `work` until the current request has succeeded. Outside of a request, it is dropped.
pub fn after_request(work: impl Future<Output = ()> + Send + 'static) {
    let _ = REQUEST.try_with(|request| {
        lock(&request.after_request).push(Box::pin(work));
    });
}

pub(crate) fn count(change: impl FnOnce(&mut Costs)) {
    // Calls outside of a request (at start, in the mailer) are not counted.
    let _ = REQUEST.try_with(|request| change(&mut lock(&request.costs)));
}
