//! The request that runs: its id, what it costs in DynamoDB, and the work that it leaves for after its answer.

use std::{
    mem::take,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::mutex::lock;
use futures_util::future::join_all;
use tokio::time::timeout;

tokio::task_local! {
    static REQUEST: Arc<RequestContext>;
}

/// A request that runs.
pub struct RequestContext {
    id: String,
    costs: Mutex<Costs>,
    after_request: Mutex<Vec<Work>>,
}

/// How long a finished answer waits for what comes after it.
const MAX_AFTER_REQUEST: Duration = Duration::from_secs(1);

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a request cost in DynamoDB so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Costs {
    /// Calls, a retried one once.
    pub calls: u32,
    /// HTTP requests, retries counted.
    pub attempts: u32,
    /// Sequential round trips: the longest chain of calls each of which began after the one before it had ended. (A
    /// call counts as waiting for every call that had ended by then, needed or not: never too few.)
    pub round_trips: u32,
    /// Capacity units, reads and writes together.
    pub units: f64,
    /// Those of them that are writes.
    pub write_units: f64,
}

impl RequestContext {
    /// A request of this id.
    #[must_use]
    pub fn new(id: String) -> Arc<Self> {
        Arc::new(Self { id, costs: Mutex::default(), after_request: Mutex::default() })
    }

    /// Runs `work` as this request: its log lines, answers and costs belong to it. Not handed on by `spawn`.
    pub async fn scope<F: Future>(self: &Arc<Self>, work: F) -> F::Output {
        REQUEST.scope(self.clone(), work).await
    }

    /// Does what the request left for after its success, for at most a second.
    pub async fn run_after_request(self: &Arc<Self>) {
        let work = take(&mut *lock(&self.after_request));
        if !work.is_empty() && timeout(MAX_AFTER_REQUEST, self.scope(join_all(work))).await.is_err() {
            tracing::warn!("what was left for after the request took too long");
        }
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The costs so far.
    #[must_use]
    pub fn costs(&self) -> Costs {
        *lock(&self.costs)
    }
}

/// The id of the request that runs, where one does.
#[must_use]
pub fn request_id() -> Option<String> {
    REQUEST.try_with(|request| request.id.clone()).ok()
}

/// Leaves `work` for after the request that runs, where that succeeds. Outside a request it is not done.
pub fn after_request(work: impl Future<Output = ()> + Send + 'static) {
    let _ = REQUEST.try_with(|request| {
        lock(&request.after_request).push(Box::pin(work));
    });
}

pub(crate) fn count(change: impl FnOnce(&mut Costs)) {
    // Work outside a request (at start, in the mailer) isn't counted.
    let _ = REQUEST.try_with(|request| change(&mut lock(&request.costs)));
}
