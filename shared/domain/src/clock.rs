//! The clock, which a test can set.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

/// Returns the system's time, in seconds since the epoch.
#[must_use]
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

/// Returns the system's time, in milliseconds since the epoch.
#[must_use]
pub fn now_milliseconds() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

/// A source of the time in seconds since the epoch: the system's clock, or a value that a test sets.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicU64>>);

impl Clock {
    /// Returns the system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(None)
    }

    /// Returns a clock that shows `seconds`, for tests of what takes hours.
    #[must_use]
    pub fn set_by(seconds: Arc<AtomicU64>) -> Self {
        Self(Some(seconds))
    }

    /// Returns the current time, in seconds since the epoch.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.0.as_ref().map_or_else(now, |seconds| seconds.load(Ordering::SeqCst))
    }
}
