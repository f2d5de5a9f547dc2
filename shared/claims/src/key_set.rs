use std::{
    collections::HashMap,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use domain::{clock::now, mutex::lock};
use jsonwebtoken::DecodingKey;
use tokio::time::Instant;

use crate::PublicKey;

/// The age at which the whole set is read again.
const CACHE_TTL: Duration = Duration::from_mins(5);
/// The time for which an id that the source did not know is answered without another look-up.
const NEGATIVE_TTL: Duration = Duration::from_secs(5);
/// The least time between two look-ups of unknown keys. Without it, a flood of tokens with invented key ids would cause
/// a read each.
const MIN_LOOKUP_INTERVAL: Duration = Duration::from_secs(1);
/// The number of absent key ids that are remembered. Without a bound, invented ids could fill the memory.
const MAX_ABSENT_IDS: usize = 1_000;

/// The reason why the public keys can't be read. Whether a certain key exists is then unknown.
#[derive(Debug, thiserror::Error)]
pub enum KeySourceError {
    /// The source is throttled, busy or out of reach, for this reason.
    #[error("the public keys are out of reach: {0}")]
    Unavailable(String),
    /// A defect: another attempt doesn't help.
    #[error("the public keys can't be read")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The future result of a read of keys.
pub type KeysRead<'a, T> = Pin<Box<dyn Future<Output = Result<T, KeySourceError>> + Send + 'a>>;

/// The store of the public keys.
pub trait KeySource: Send + Sync {
    /// Reads every key, including those that have ended.
    fn all(&self) -> KeysRead<'_, Vec<PublicKey>>;

    /// Reads the key of this id, or `None` if there is none.
    fn one<'a>(&'a self, kid: &'a str) -> KeysRead<'a, Option<PublicKey>>;
}

/// This process's copy of a source's public keys.
#[derive(Clone)]
pub struct KeySet {
    source: Arc<dyn KeySource>,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    keys: HashMap<String, (PublicKey, DecodingKey)>,
    read_at: Option<Instant>,
    absent: HashMap<String, Instant>,
    looked_up_at: Option<Instant>,
}

impl Known {
    fn learn(&mut self, key: PublicKey) -> Option<DecodingKey> {
        match key.decoding_key() {
            Ok(decoding_key) => {
                self.absent.remove(&key.kid);
                self.keys.insert(key.kid.clone(), (key, decoding_key.clone()));
                Some(decoding_key)
            }
            Err(error) => {
                tracing::error!(kid = key.kid, %error, "a public key in the table can't be used");
                None
            }
        }
    }

    fn key(&self, kid: &str, now: u64) -> Option<DecodingKey> {
        self.keys.get(kid).filter(|(key, _)| !key.has_ended(now)).map(|(_, decoding_key)| decoding_key.clone())
    }
}

impl KeySet {
    /// Reads the keys. If the source is out of reach, they are read again for the first token.
    pub async fn load(source: impl KeySource + 'static) -> Self {
        crate::install_crypto();
        let set = Self { source: Arc::new(source), known: Arc::default() };
        if let Err(error) = set.refresh().await {
            tracing::warn!(%error, "the public keys could not be read at start");
        }
        set
    }

    /// Returns every public key that has not ended. The set is at most five minutes old.
    ///
    /// # Errors
    /// The source is out of reach.
    pub async fn public_keys(&self) -> Result<Vec<PublicKey>, KeySourceError> {
        if self.is_stale() {
            self.refresh().await?;
        }
        let now = now();
        let known = self.known();
        let mut keys: Vec<_> =
            known.keys.values().map(|(key, _)| key).filter(|key| !key.has_ended(now)).cloned().collect();
        keys.sort_by(|one, other| one.kid.cmp(&other.kid));
        Ok(keys)
    }

    /// Returns the key of this id, or `None` if there is none.
    ///
    /// # Errors
    /// The source is out of reach, or another unknown key was looked up less than a second ago. Whether the key exists
    /// is then unknown, so the token can be neither accepted nor refused.
    pub(crate) async fn decoding_key(&self, kid: &str) -> Result<Option<DecodingKey>, KeySourceError> {
        if self.is_stale() {
            self.refresh().await?;
        }
        {
            let mut known = self.known();
            if let Some(key) = known.key(kid, now()) {
                return Ok(Some(key));
            }
            if known.keys.contains_key(kid) || known.absent.get(kid).is_some_and(|at| at.elapsed() < NEGATIVE_TTL) {
                return Ok(None);
            }
            if known.looked_up_at.is_some_and(|at| at.elapsed() < MIN_LOOKUP_INTERVAL) {
                return Err(KeySourceError::Unavailable(
                    "an unknown key was looked up less than a second ago".to_owned(),
                ));
            }
            known.looked_up_at = Some(Instant::now());
        }
        let found = self.source.one(kid).await?;
        let mut known = self.known();
        if let Some(key) = found.filter(|key| !key.has_ended(now())) {
            return Ok(known.learn(key));
        }
        known.absent.retain(|_, at| at.elapsed() < NEGATIVE_TTL);
        if known.absent.len() < MAX_ABSENT_IDS {
            known.absent.insert(kid.to_owned(), Instant::now());
        }
        Ok(None)
    }

    /// Reads the whole set again.
    ///
    /// # Errors
    /// The source is out of reach. The known keys are kept.
    pub async fn refresh(&self) -> Result<(), KeySourceError> {
        let keys = self.source.all().await?;
        let mut known = self.known();
        known.keys.clear();
        for key in keys {
            known.learn(key);
        }
        known.read_at = Some(Instant::now());
        Ok(())
    }

    fn is_stale(&self) -> bool {
        self.known().read_at.is_none_or(|at| at.elapsed() >= CACHE_TTL)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        lock(&self.known)
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet").field("kids", &self.known().keys.keys().collect::<Vec<_>>()).finish()
    }
}

#[cfg(test)]
mod tests;
