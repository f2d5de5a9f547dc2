//! The time, which a test may move.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

/// The system's time, in seconds since the epoch.
#[must_use]
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

/// Tells the time in seconds since the epoch: the system's, or one that is set.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicU64>>);

impl Clock {
    /// The system's time.
    #[must_use]
    pub fn system() -> Self {
        Self(None)
    }

    /// A time that moves when `seconds` is set, for tests of what takes hours.
    #[must_use]
    pub fn set_by(seconds: Arc<AtomicU64>) -> Self {
        Self(Some(seconds))
    }

    /// Now, in seconds since the epoch.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.0.as_ref().map_or_else(now, |seconds| seconds.load(Ordering::SeqCst))
    }
}
