use std::{
    collections::HashMap,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use domain::{clock::now, mutex::lock};
use jsonwebtoken::DecodingKey;
use tokio::{task::JoinHandle, time::Instant};

use crate::PublicKey;

/// The age at which the set is read again.
const CACHE_TTL: Duration = Duration::from_mins(5);
/// The age from which the set is read again beside a call, so that no call waits for that read.
const REFRESH_AHEAD_AGE: Duration = Duration::from_mins(3);
/// Each process reads up to so much earlier, by chance. Thousands of processes that a burst of calls started would
/// otherwise read at once.
const JITTER: Duration = Duration::from_mins(1);
/// How long a known key verifies tokens beyond the age at which the set is stale, where the source is out of reach.
const GRACE: Duration = Duration::from_hours(1);
/// The least time between two look-ups of unknown keys. Without it, a flood of tokens with invented key ids would cause
/// a read each.
const MIN_LOOKUP_INTERVAL: Duration = Duration::from_secs(1);
/// The age up to which the set has every key that signs. A key is published five minutes before it signs; the minute
/// between is for clocks that differ.
const COMPLETE_FOR: Duration = Duration::from_mins(4);
/// The length of a key's id: a SHA-256 in base64url (RFC 7638, section 3).
const THUMBPRINT_LENGTH: usize = 43;

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
}

/// This process's copy of a source's public keys.
///
/// A token may name a key that the copy doesn't have: a new one, or one that somebody made up. A look-up tells. It reads
/// the whole set, so that one for an invented id finds a new key too, and happens at most once a second. Without
/// a look-up, an unknown key counts as invented:
///
/// - `auth` publishes a key at 12:00 and signs by it from 12:05 on. A copy that was read after 12:00 has it, and an older
///   one is read again before 12:05.
/// - Where nothing else can sign, `auth` publishes a key at 12:00:00.3 and signs at once: at its first start, or where the
///   secret before isn't at hand. A stranger's flood had this copy look at 12:00:00.0, so until 12:00:01.0 a token of the
///   new key is refused, and its owner signs in again. Any later one causes a look-up.
/// - A copy without any key that can sign is waiting for its first one. So there, an unknown key is unknown (503).
#[derive(Clone)]
pub struct KeySet {
    source: Arc<dyn KeySource>,
    known: Arc<Mutex<Known>>,
    /// Held while the source is read, so that it is read once for everyone who asks meanwhile.
    reading: Arc<tokio::sync::Mutex<()>>,
    /// Part of [`JITTER`].
    jitter: Duration,
}

#[derive(Default)]
struct Known {
    keys: HashMap<String, (PublicKey, DecodingKey)>,
    /// The beginning of the read that the keys come from. Keys that are published during a read may be missing.
    read_at: Option<Instant>,
    reads_ended: u64,
    /// When the latest read failed, until one succeeds.
    failed_at: Option<Instant>,
    looked_up_at: Option<Instant>,
}

impl Known {
    fn learn(&mut self, key: PublicKey) {
        match key.decoding_key() {
            Ok(decoding_key) => {
                self.keys.insert(key.kid.clone(), (key, decoding_key));
            }
            Err(error) => tracing::error!(kid = key.kid, %error, "a public key in the table can't be used"),
        }
    }

    fn is_stale(&self) -> bool {
        self.read_at.is_none_or(|at| at.elapsed() >= CACHE_TTL)
    }

    fn is_aging(&self, jitter: Duration) -> bool {
        self.read_at.is_none_or(|at| at.elapsed() + jitter >= REFRESH_AHEAD_AGE)
    }

    /// Returns whether a key may verify tokens although the set is stale and can't be read again.
    fn is_good_for_now(&self, kid: &str) -> bool {
        self.keys.contains_key(kid) && self.read_at.is_some_and(|at| at.elapsed() < CACHE_TTL + GRACE)
    }

    /// Returns whether every key that signs honestly is known.
    fn is_complete(&self) -> bool {
        let now = now();
        let has_key_in_use = self.keys.values().any(|(key, _)| !key.has_ended(now));
        has_key_in_use && self.read_at.is_some_and(|at| at.elapsed() < COMPLETE_FOR)
    }
}

impl KeySet {
    /// A set that has read nothing yet. Without [`KeySet::fill`], the first token waits for the read.
    #[must_use]
    pub fn new(source: impl KeySource + 'static) -> Self {
        crate::install_crypto();
        let jitter = JITTER.mul_f32(random_part());
        Self { source: Arc::new(source), known: Arc::default(), reading: Arc::default(), jitter }
    }

    /// Reads the keys at start. If the source is out of reach, they are read again for the first token.
    pub async fn fill(&self) {
        if let Err(error) = self.refresh().await {
            tracing::warn!(%error, "the public keys could not be read at start");
        }
    }

    /// Returns every public key that has not ended. The set is at most five minutes old.
    ///
    /// # Errors
    /// The source is out of reach.
    pub async fn public_keys(&self) -> Result<Vec<PublicKey>, KeySourceError> {
        if self.known().is_stale() {
            self.read_once().await?;
        }
        let now = now();
        let known = self.known();
        let mut keys: Vec<_> =
            known.keys.values().map(|(key, _)| key).filter(|key| !key.has_ended(now)).cloned().collect();
        keys.sort_by(|one, other| one.kid.cmp(&other.kid));
        Ok(keys)
    }

    /// Returns the key of this id, or `None` if there is none that verifies tokens. Where the source is out of reach, a
    /// key that was known is used for an hour more.
    ///
    /// # Errors
    /// The source is out of reach, and the set is so old that a key may have begun to sign since it was read.
    pub(crate) async fn decoding_key(&self, kid: &str) -> Result<Option<DecodingKey>, KeySourceError> {
        if !is_thumbprint(kid) {
            return Ok(None);
        }
        let (is_stale, is_known) = {
            let known = self.known();
            (known.is_stale(), known.keys.contains_key(kid))
        };
        let mut was_read = false;
        if is_stale {
            was_read = self.read_or_use_known(kid).await?;
        } else if !is_known {
            was_read = self.look_up().await;
        }
        let known = self.known();
        match known.keys.get(kid) {
            Some((key, decoding_key)) => Ok((!key.has_ended(now())).then(|| decoding_key.clone())),
            None if was_read || known.is_complete() => Ok(None),
            None => Err(KeySourceError::Unavailable("the key is unknown, and none can be looked up now".to_owned())),
        }
    }

    /// Reads a stale set. Where that fails, a known key is good for a while, since one throttled partition of the table
    /// would otherwise stop every call. Returns whether the set was read.
    async fn read_or_use_known(&self, kid: &str) -> Result<bool, KeySourceError> {
        let has_just_failed = {
            let known = self.known();
            known.is_good_for_now(kid) && known.failed_at.is_some_and(|at| at.elapsed() < MIN_LOOKUP_INTERVAL)
        };
        if has_just_failed {
            return Ok(false);
        }
        match self.read_once().await {
            Ok(()) => Ok(true),
            Err(error) if self.known().is_good_for_now(kid) => {
                tracing::warn!(%error, "a key is used that could not be read again");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads the set for an unknown key, unless that happened less than a second ago. Returns whether the set was read.
    async fn look_up(&self) -> bool {
        if !self.may_look_up() {
            // A read that is under way may find the key: the first of several calls with a new token began it.
            drop(self.reading.lock().await);
            return false;
        }
        match self.read_once().await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "an unknown key could not be looked up");
                false
            }
        }
    }

    /// Returns whether an unknown key may be looked up now, and notes that it is.
    fn may_look_up(&self) -> bool {
        let mut known = self.known();
        if known.looked_up_at.is_some_and(|at| at.elapsed() < MIN_LOOKUP_INTERVAL) {
            return false;
        }
        known.looked_up_at = Some(Instant::now());
        true
    }

    /// Reads the set, or takes the result of another request's read that ended while this one waited.
    async fn read_once(&self) -> Result<(), KeySourceError> {
        let ended_before = self.known().reads_ended;
        let _reading = self.reading.lock().await;
        if self.known().reads_ended == ended_before {
            return self.read().await;
        }
        if self.known().is_stale() {
            return Err(KeySourceError::Unavailable("the read of another request failed".to_owned()));
        }
        Ok(())
    }

    /// Reads the set again in a task of its own, if it will be stale soon and nobody reads it already. Returns the task,
    /// for which a process that may be frozen has to wait.
    #[must_use]
    pub fn refresh_ahead(&self) -> Option<JoinHandle<()>> {
        if !self.known().is_aging(self.jitter) {
            return None;
        }
        let reading = self.reading.clone().try_lock_owned().ok()?;
        let set = self.clone();
        Some(tokio::spawn(async move {
            if let Err(error) = set.read().await {
                tracing::warn!(%error, "the public keys could not be read ahead");
            }
            drop(reading);
        }))
    }

    /// Reads the set again.
    ///
    /// # Errors
    /// The source is out of reach. The known keys are kept.
    pub async fn refresh(&self) -> Result<(), KeySourceError> {
        let _reading = self.reading.lock().await;
        self.read().await
    }

    /// Reads the set, by the one request that holds `reading`. Two at once could end in the other order, and the older
    /// answer would take a new key out again.
    async fn read(&self) -> Result<(), KeySourceError> {
        let began_at = Instant::now();
        let keys = self.source.all().await;
        let mut known = self.known();
        known.reads_ended += 1;
        known.failed_at = keys.is_err().then(Instant::now);
        let keys = keys?;
        known.keys.clear();
        for key in keys {
            known.learn(key);
        }
        known.read_at = Some(began_at);
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        lock(&self.known)
    }
}

/// A random number from 0 to 1.
fn random_part() -> f32 {
    let mut byte = [0];
    // Without randomness the process reads at the same age as others.
    let filled = ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut byte);
    filled.map_or(0.0, |()| f32::from(byte[0]) / 255.0)
}

/// Returns whether a text has the form of a key's id. Any other was never one, and needs no look-up.
fn is_thumbprint(kid: &str) -> bool {
    kid.len() == THUMBPRINT_LENGTH
        && kid.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet").field("kids", &self.known().keys.keys().collect::<Vec<_>>()).finish()
    }
}

#[cfg(test)]
mod tests;
