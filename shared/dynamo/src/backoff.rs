use std::time::{Duration, Instant};

use rand::random_range;
use tokio::time::sleep;

use crate::Error;

/// How long a write is tried again.
const PATIENCE: Duration = Duration::from_secs(5);
/// The upper bound of the first pause.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// The upper bound of every pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

/// Pauses between the attempts of a write that meets others on the same items: full jitter (AWS Architecture Blog,
/// "Exponential Backoff And Jitter"), until the write has been tried for five seconds.
pub struct Backoff {
    started: Instant,
    pause: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { started: Instant::now(), pause: FIRST_PAUSE }
    }
}

impl Backoff {
    /// Waits before the next attempt.
    ///
    /// # Errors
    /// [`Error::Unavailable`] with `cause`, once five seconds have passed since the first attempt.
    pub async fn wait_or_give_up(&mut self, cause: &str) -> Result<(), Error> {
        if self.started.elapsed() >= PATIENCE {
            return Err(Error::Unavailable(cause.to_owned()));
        }
        sleep(random_range(Duration::ZERO..self.pause)).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }
}
