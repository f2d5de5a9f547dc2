use std::time::{Duration, Instant};

use rand::random_range;
use tokio::time::sleep;

use super::Error;

/// How long a write that meets others is tried again.
const PATIENCE: Duration = Duration::from_secs(5);
/// Below this, the first pause.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// Below this, every pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

/// A write's tries against others that want the same items: full jitter, then the word that the table is busy.
pub(super) struct Contest {
    started: Instant,
    pause: Duration,
}

impl Default for Contest {
    fn default() -> Self {
        Self { started: Instant::now(), pause: FIRST_PAUSE }
    }
}

impl Contest {
    /// Waits before the next try.
    ///
    /// # Errors
    /// [`Error::Unavailable`] with `cause`, once patience is at its end.
    pub(super) async fn lost(&mut self, cause: &str) -> Result<(), Error> {
        if self.started.elapsed() >= PATIENCE {
            return Err(Error::Unavailable(cause.to_owned()));
        }
        sleep(random_range(Duration::ZERO..self.pause)).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }
}
