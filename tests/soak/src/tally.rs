//! Counts of what was answered.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Complaints that are kept of each kind, for the report.
const KEPT: usize = 10;

/// What was answered so far.
#[derive(Default)]
pub(crate) struct Tally {
    calls: AtomicU64,
    acknowledged: AtomicU64,
    unavailable: AtomicU64,
    failed: AtomicU64,
    killed: AtomicU64,
    longest: Mutex<(Duration, String)>,
    statuses: Mutex<BTreeMap<u16, u64>>,
    complaints: Mutex<Vec<String>>,
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::SeqCst)
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::SeqCst);
}

impl Tally {
    /// Counts an answer. A 500 that no function gave is the gateway's, for a function that was killed.
    pub(crate) fn answered(
        &self,
        what: &str,
        status: u16,
        by_function: bool,
        text: &str,
        time: Duration,
        is_write: bool,
    ) {
        add(&self.calls);
        *self.statuses.lock().unwrap_or_else(PoisonError::into_inner).entry(status).or_default() += 1;
        match status {
            200 if is_write => add(&self.acknowledged),
            503 => add(&self.unavailable),
            500.. if by_function => {
                add(&self.failed);
                self.complain(format!("{what} was answered {status}: {text}"));
            }
            500.. => {
                add(&self.killed);
                if !text.contains("it was killed") {
                    self.complain(format!("{what}: a function ended by itself: {text}"));
                }
            }
            _ => {}
        }
        let mut longest = self.longest.lock().unwrap_or_else(PoisonError::into_inner);
        if time > longest.0 {
            *longest = (time, format!("{what}, answered {status}"));
        }
    }

    /// Counts a call whose connection was cut on the caller's side.
    pub(crate) fn cut(&self) {
        add(&self.calls);
        add(&self.killed);
    }

    /// Keeps what should not have been answered, for the report.
    pub(crate) fn complain(&self, complaint: String) {
        let mut complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        if complaints.len() < KEPT {
            complaints.push(complaint);
        }
    }

    pub(crate) fn calls(&self) -> u64 {
        get(&self.calls)
    }

    /// Writes that were answered 200.
    pub(crate) fn acknowledged(&self) -> u64 {
        get(&self.acknowledged)
    }

    /// 503s.
    pub(crate) fn unavailable(&self) -> u64 {
        get(&self.unavailable)
    }

    /// 500s of functions.
    pub(crate) fn failed(&self) -> u64 {
        get(&self.failed)
    }

    /// Calls whose function was killed.
    pub(crate) fn killed(&self) -> u64 {
        get(&self.killed)
    }

    /// The longest call, and which one it was.
    pub(crate) fn longest(&self) -> (Duration, String) {
        self.longest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn complaints(&self) -> Vec<String> {
        self.complaints.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
