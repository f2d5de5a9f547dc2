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
    reads: Arc<AtomicUsize>,
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

    /// Returns the number of reads.
    pub(crate) fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }
}

impl KeySource for MadeUpSource {
    fn all(&self) -> KeysRead<'_, Vec<PublicKey>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        Box::pin(async {
            // Others run while a read is under way.
            tokio::task::yield_now().await;
            if self.out_of_reach.load(Ordering::SeqCst) {
                return Err(KeySourceError::Unavailable("as the test wants it".to_owned()));
            }
            Ok(lock(&self.keys).clone())
        })
    }
}
