//! Mutexes whose values stay whole.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks `mutex`, also where a thread has panicked with the lock: every value behind one is whole between statements.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
