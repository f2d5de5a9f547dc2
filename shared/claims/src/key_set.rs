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

/// How long the whole set is used before it is read again.
const CACHE_TTL: Duration = Duration::from_mins(5);
/// How long a key that the source didn't have is taken as absent.
const NEGATIVE_TTL: Duration = Duration::from_secs(5);
/// The time between two look-ups of unknown keys. Without it, a flood of made-up ids would be a flood of reads.
const MIN_LOOKUP_INTERVAL: Duration = Duration::from_secs(1);
/// Absent key ids that are remembered, at most.
const MAX_ABSENT: usize = 1_000;

/// Why the public keys can't be read: nobody knows whether there is such a key.
#[derive(Debug, thiserror::Error)]
pub enum KeySourceError {
    /// The source is throttled, busy or out of reach, for this reason.
    #[error("the public keys are out of reach: {0}")]
    Unavailable(String),
    /// A defect: asking again doesn't help.
    #[error("the public keys can't be read")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What a read of keys gives, once it is done.
pub type KeysRead<'a, T> = Pin<Box<dyn Future<Output = Result<T, KeySourceError>> + Send + 'a>>;

/// Where the public keys are kept.
pub trait KeySource: Send + Sync {
    /// Every key, those that have ended included.
    fn all(&self) -> KeysRead<'_, Vec<PublicKey>>;

    /// The key of this id, where there is one.
    fn one<'a>(&'a self, kid: &'a str) -> KeysRead<'a, Option<PublicKey>>;
}

/// A source's public keys, as this process knows them.
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
    /// Reads the keys. Where the source is out of reach, the first token tries again.
    pub async fn load(source: impl KeySource + 'static) -> Self {
        crate::install_crypto();
        let set = Self { source: Arc::new(source), known: Arc::default() };
        if let Err(error) = set.refresh().await {
            tracing::warn!(%error, "the public keys could not be read at start");
        }
        set
    }

    /// Every public key that is in use, as the source has it now.
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

    /// The key of this id, or `None` where there is none.
    ///
    /// # Errors
    /// The source is out of reach, or may not be asked right now: nobody knows whether there is such a key.
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
        if known.absent.len() < MAX_ABSENT {
            known.absent.insert(kid.to_owned(), Instant::now());
        }
        Ok(None)
    }

    /// Reads the whole set again.
    ///
    /// # Errors
    /// The source is out of reach; the keys that were known stay.
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
