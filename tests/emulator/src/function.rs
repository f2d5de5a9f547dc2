use std::{
    collections::HashMap,
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::body::Bytes;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
    sync::{Semaphore, oneshot},
};

use crate::{Instance, Reply};

/// Concurrent instances of one function, at most, unless it is told otherwise.
const MOST: usize = 4;
/// How long an event may take, unless the function is told otherwise.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A function with as many instances as it needs, each of which does one event at a time.
#[derive(Debug)]
pub struct Function {
    name: String,
    program: PathBuf,
    variables: HashMap<String, String>,
    idle: Mutex<Vec<Instance>>,
    places: Semaphore,
    timeout: Duration,
    /// What kills each instance that does an event.
    busy: Mutex<Vec<oneshot::Sender<()>>>,
    longest: Mutex<Duration>,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Function {
    /// The function `name`, run by `program` with these variables and nothing else of the environment.
    #[must_use]
    pub fn new(name: &str, program: PathBuf, variables: HashMap<String, String>) -> Self {
        Self {
            name: name.to_owned(),
            program,
            variables,
            idle: Mutex::default(),
            places: Semaphore::new(MOST),
            timeout: TIMEOUT,
            busy: Mutex::default(),
            longest: Mutex::default(),
            lines: Arc::default(),
        }
    }

    /// The function with so many concurrent instances at most.
    #[must_use]
    pub fn with_instances(self, most: usize) -> Self {
        Self { places: Semaphore::new(most), ..self }
    }

    /// The function whose events may take this long, as it is told with each.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Has an instance do an event.
    ///
    /// # Errors
    /// The function's own error, or what happened to it.
    pub async fn invoke(&self, event: Bytes) -> Result<Bytes, String> {
        let _place = self.places.acquire().await.map_err(|error| error.to_string())?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut instance = match idle {
            Some(instance) => instance,
            None => self.start().await?,
        };
        let (kill, killed) = oneshot::channel();
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).push(kill);
        let started = Instant::now();
        let (reply, _) = tokio::select! {
            done = instance.invoke(event) => done.map_err(|error| format!("{}: {error}", self.name))?,
            // Dropping the instance kills its process.
            Ok(()) = killed => return Err(format!("{}: it was killed", self.name)),
        };
        let mut longest = self.longest.lock().unwrap_or_else(PoisonError::into_inner);
        *longest = longest.max(started.elapsed());
        drop(longest);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(instance);
        match reply {
            Reply::Answer(answer) => Ok(answer),
            Reply::Error(error) => Err(format!("{}: {}", self.name, String::from_utf8_lossy(&error))),
        }
    }

    /// Kills an instance: one that does an event, where there is one, or else one that waits. Returns whether there was
    /// any. The next event starts another.
    pub fn kill_one(&self) -> bool {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that are done have dropped their end.
        busy.retain(|kill| !kill.is_closed());
        if busy.pop().is_some_and(|kill| kill.send(()).is_ok()) {
            return true;
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().is_some()
    }

    /// Kills every instance.
    pub fn stop(&self) {
        while self.kill_one() {}
    }

    /// The longest time that an event took that was answered.
    #[must_use]
    pub fn longest(&self) -> Duration {
        *self.longest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The most memory that an idle instance has held so far, in KiB.
    #[must_use]
    pub fn peak_memory(&self) -> u64 {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.iter().map(Instance::peak_memory).max().unwrap_or_default()
    }

    /// What the function logged since this was last asked.
    #[must_use]
    pub fn take_lines(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn start(&self) -> Result<Instance, String> {
        let mut command = Command::new(&self.program);
        command.env_clear().envs(&self.variables).stdout(Stdio::piped());
        let mut instance = Instance::start_with_timeout(command, &self.name, self.timeout).await?;
        if let Some(output) = instance.child().stdout.take() {
            let lines = self.lines.clone();
            let mut output = BufReader::new(output).lines();
            tokio::spawn(async move {
                while let Ok(Some(line)) = output.next_line().await {
                    lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                }
            });
        }
        Ok(instance)
    }
}
