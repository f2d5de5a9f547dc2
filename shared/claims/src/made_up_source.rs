//! A source of keys for tests, which counts its reads.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use domain::mutex::lock;

use crate::{KeySource, KeySourceError, KeysRead, PublicKey};

/// Keys that a test publishes, behind a source that a test can take out of reach.
#[derive(Clone, Default)]
pub(crate) struct MadeUpSource {
    keys: Arc<Mutex<Vec<PublicKey>>>,
    out_of_reach: Arc<AtomicBool>,
    whole_reads: Arc<AtomicUsize>,
    look_ups: Arc<AtomicUsize>,
}

impl MadeUpSource {
    pub(crate) fn publish(&self, key: PublicKey) {
        let mut keys = lock(&self.keys);
        keys.retain(|known| known.kid != key.kid);
        keys.push(key);
    }

    pub(crate) fn is_out_of_reach(&self, out_of_reach: bool) {
        self.out_of_reach.store(out_of_reach, Ordering::SeqCst);
    }

    /// Returns the number of reads of the whole set, and of single keys.
    pub(crate) fn reads(&self) -> (usize, usize) {
        (self.whole_reads.load(Ordering::SeqCst), self.look_ups.load(Ordering::SeqCst))
    }

    fn answer<T>(&self, found: T) -> Result<T, KeySourceError> {
        if self.out_of_reach.load(Ordering::SeqCst) {
            return Err(KeySourceError::Unavailable("as the test wants it".to_owned()));
        }
        Ok(found)
    }
}

impl KeySource for MadeUpSource {
    fn all(&self) -> KeysRead<'_, Vec<PublicKey>> {
        self.whole_reads.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { self.answer(lock(&self.keys).clone()) })
    }

    fn one<'a>(&'a self, kid: &'a str) -> KeysRead<'a, Option<PublicKey>> {
        self.look_ups.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move { self.answer(lock(&self.keys).iter().find(|key| key.kid == kid).cloned()) })
    }
}
