use std::time::{Duration, Instant};

use rand::random_range;
use tokio::time::sleep;

use crate::{Error, request::time_left};

/// The time after which a write is no longer retried.
const MAX_RETRY_TIME: Duration = Duration::from_secs(8);
/// The upper bound of the first pause.
const INITIAL_MAX_PAUSE: Duration = Duration::from_millis(10);
/// The upper bound of every pause.
const MAX_PAUSE: Duration = Duration::from_millis(400);

/// The time that an attempt usually takes at most. One that has less time left would be cut off with its outcome unknown.
const ATTEMPT_TIME: Duration = Duration::from_millis(250);

/// Pauses between the attempts of a write that conflicts with others on the same items. The pauses have full jitter
/// (AWS Architecture Blog, "Exponential Backoff And Jitter"), and end once the write has been tried for eight seconds, or
/// the answer to the request is due.
pub struct Backoff {
    started: Instant,
    max_pause: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { started: Instant::now(), max_pause: INITIAL_MAX_PAUSE }
    }
}

impl Backoff {
    /// Waits before the next attempt.
    ///
    /// # Errors
    /// [`Error::Unavailable`] with `cause`, once eight seconds have passed since the first attempt, or no time is left for
    /// another one before the answer to the request is due.
    pub async fn wait_or_give_up(&mut self, cause: &str) -> Result<(), Error> {
        let pause = random_range(Duration::ZERO..self.max_pause);
        let no_time = time_left().is_some_and(|left| left < pause + ATTEMPT_TIME);
        if no_time || self.started.elapsed() >= MAX_RETRY_TIME {
            return Err(Error::Unavailable(cause.to_owned()));
        }
        sleep(pause).await;
        self.max_pause = (self.max_pause * 2).min(MAX_PAUSE);
        Ok(())
    }
}
