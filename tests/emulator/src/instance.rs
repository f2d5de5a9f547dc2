use std::{
    fs,
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::StatusCode,
    response::IntoResponse,
    routing::{get, post},
};
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    sync::{Mutex, mpsc},
    time,
};

/// How long a start or a call may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a function made of an event.
#[derive(Debug)]
pub enum Reply {
    /// Its answer.
    Answer(Bytes),
    /// Its error, as it told the runtime API.
    Error(Bytes),
}

/// A process that runs a function, and the runtime API that it asks
/// (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>).
#[derive(Debug)]
pub struct Instance {
    child: Child,
    events: mpsc::UnboundedSender<Bytes>,
    asked: mpsc::UnboundedReceiver<Instant>,
    replies: mpsc::UnboundedReceiver<(Reply, Instant)>,
    cold_start: Duration,
    timeout: Duration,
}

struct RuntimeApi {
    events: Mutex<mpsc::UnboundedReceiver<Bytes>>,
    asked: mpsc::UnboundedSender<Instant>,
    replies: mpsc::UnboundedSender<(Reply, Instant)>,
    timeout: Duration,
}

impl Instance {
    /// Starts the function `name` by `command` and returns when it asks for its first event.
    ///
    /// # Errors
    /// What it said instead.
    pub async fn start(command: Command, name: &str) -> Result<Self, String> {
        Self::start_with_timeout(command, name, PATIENCE).await
    }

    /// Starts the function, each event of which may take this long.
    ///
    /// # Errors
    /// What it said instead.
    pub async fn start_with_timeout(mut command: Command, name: &str, timeout: Duration) -> Result<Self, String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let (events, received) = mpsc::unbounded_channel();
        let (asked_by, mut asked) = mpsc::unbounded_channel();
        let (replied_by, mut replies) = mpsc::unbounded_channel();
        let api = RuntimeApi { events: Mutex::new(received), asked: asked_by, replies: replied_by, timeout };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(respond))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(fail))
            .route("/2018-06-01/runtime/init/error", post(fail))
            .layer(DefaultBodyLimit::max(10 * 1024 * 1024))
            .with_state(Arc::new(api));
        tokio::spawn(async move { axum::serve(listener, router).await });
        command
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let started = Instant::now();
        let mut child = command.spawn().map_err(|error| format!("{name}: {error}"))?;
        let first = tokio::select! {
            at = time::timeout(PATIENCE, asked.recv()) => at.ok().flatten(),
            reply = replies.recv() => return Err(format!("{name} failed at start: {reply:?}")),
            status = child.wait() => return Err(format!("{name} ended at start: {status:?}")),
        };
        let first = first.ok_or_else(|| format!("{name} never asked for an event"))?;
        Ok(Self { child, events, asked, replies, cold_start: first - started, timeout })
    }

    /// From the start of the process until it asked for its first event.
    #[must_use]
    pub fn cold_start(&self) -> Duration {
        self.cold_start
    }

    /// Hands an event over; what the function made of it, and how long that took.
    ///
    /// # Errors
    /// The instance ended, or took too long.
    pub async fn invoke(&mut self, event: Bytes) -> Result<(Reply, Duration), String> {
        let started = Instant::now();
        self.events.send(event).map_err(|_| "the runtime API is gone".to_owned())?;
        let (reply, at) = tokio::select! {
            reply = time::timeout(self.timeout, self.replies.recv()) => reply.ok().flatten().ok_or("it took too long")?,
            status = self.child.wait() => return Err(format!("it ended: {status:?}")),
        };
        // Ready for the next one.
        time::timeout(PATIENCE, self.asked.recv()).await.map_err(|_| "it never asked for another event".to_owned())?;
        Ok((reply, at - started))
    }

    /// The most memory that the process held, in KiB.
    #[must_use]
    pub fn peak_memory(&self) -> u64 {
        let status = self.child.id().and_then(|id| fs::read_to_string(format!("/proc/{id}/status")).ok());
        let peak = status.as_deref().and_then(|status| status.lines().find_map(|line| line.strip_prefix("VmHWM:")));
        peak.and_then(|peak| peak.split_whitespace().next()?.parse().ok()).unwrap_or_default()
    }

    /// The CPU time of all threads that run, so far (`schedstat`,
    /// <https://docs.kernel.org/scheduler/sched-stats.html>).
    #[must_use]
    pub fn cpu(&self) -> Duration {
        let tasks = self.child.id().and_then(|id| fs::read_dir(format!("/proc/{id}/task")).ok());
        let nanoseconds = tasks.into_iter().flatten().flatten().filter_map(|task| {
            let statistics = fs::read_to_string(task.path().join("schedstat")).ok()?;
            statistics.split_whitespace().next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(nanoseconds.sum())
    }

    /// The process, for what else it says.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }
}

async fn next(State(api): State<Arc<RuntimeApi>>) -> impl IntoResponse {
    // An error means that nobody waits any more.
    let _ = api.asked.send(Instant::now());
    let Some(event) = api.events.lock().await.recv().await else {
        // The instance was given up; its process is being killed.
        return std::future::pending().await;
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let headers = [
        ("lambda-runtime-aws-request-id", format!("{:032x}", now.as_nanos())),
        ("lambda-runtime-deadline-ms", (now + api.timeout).as_millis().to_string()),
        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700".to_owned()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:000000000000:function:test".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, event)
}

async fn respond(State(api): State<Arc<RuntimeApi>>, Path(_): Path<String>, body: Bytes) -> StatusCode {
    let _ = api.replies.send((Reply::Answer(body), Instant::now()));
    StatusCode::ACCEPTED
}

async fn fail(State(api): State<Arc<RuntimeApi>>, body: Bytes) -> StatusCode {
    let _ = api.replies.send((Reply::Error(body), Instant::now()));
    StatusCode::ACCEPTED
}
