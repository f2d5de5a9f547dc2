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
mod tests {
    use tokio::time::advance;

    use super::*;
    use crate::{SigningKey, made_up_source::MadeUpSource};

    fn key(number: u8) -> PublicKey {
        SigningKey::derive(&format!("a secret of many characters, {number}")).unwrap().public().clone()
    }

    async fn known(set: &KeySet, kid: &str) -> bool {
        set.decoding_key(kid).await.unwrap().is_some()
    }

    #[tokio::test(start_paused = true)]
    async fn a_known_key_is_read_once_in_five_minutes() {
        let source = MadeUpSource::default();
        source.publish(key(1));
        let set = KeySet::load(source.clone()).await;
        for _ in 0..3 {
            assert!(known(&set, &key(1).kid).await);
        }
        assert_eq!(source.reads(), (1, 0));
        advance(CACHE_TTL).await;
        assert!(known(&set, &key(1).kid).await);
        assert_eq!(source.reads(), (2, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_was_published_since_is_found_by_a_look_up() {
        let source = MadeUpSource::default();
        let set = KeySet::load(source.clone()).await;
        source.publish(key(1));
        assert!(known(&set, &key(1).kid).await);
        assert!(known(&set, &key(1).kid).await);
        assert_eq!(source.reads(), (1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn an_absent_key_is_looked_up_once_in_five_seconds() {
        let source = MadeUpSource::default();
        let set = KeySet::load(source.clone()).await;
        assert!(!known(&set, "made-up").await);
        advance(NEGATIVE_TTL.saturating_sub(Duration::from_millis(1))).await;
        assert!(!known(&set, "made-up").await);
        assert_eq!(source.reads(), (1, 1));
        advance(Duration::from_millis(1)).await;
        assert!(!known(&set, "made-up").await);
        assert_eq!(source.reads(), (1, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_made_up_keys_makes_one_look_up_a_second() {
        let source = MadeUpSource::default();
        let set = KeySet::load(source.clone()).await;
        for second in 0..3 {
            for number in 0..100 {
                let found = set.decoding_key(&format!("made-up {second} {number}")).await;
                assert!(matches!(found, Ok(None)) == (number == 0), "{second} {number}");
                assert!(number == 0 || matches!(found, Err(KeySourceError::Unavailable(_))));
            }
            advance(MIN_LOOKUP_INTERVAL).await;
        }
        assert_eq!(source.reads(), (1, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_takes_no_more_memory_than_a_thousand_absent_keys() {
        let set = KeySet::load(MadeUpSource::default()).await;
        // Within the time that absent keys are remembered, as many look-ups as the interval lets through are far fewer.
        for number in 0..MAX_ABSENT + 10 {
            set.known().absent.insert(format!("made-up {number}"), Instant::now());
        }
        let before = set.known().absent.len();
        assert!(!known(&set, "one more").await);
        assert_eq!(set.known().absent.len(), before);
        advance(NEGATIVE_TTL).await;
        assert!(!known(&set, "another").await);
        assert_eq!(set.known().absent.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stale_set_whose_source_is_out_of_reach_verifies_nothing_until_it_is_back() {
        let source = MadeUpSource::default();
        source.publish(key(1));
        let set = KeySet::load(source.clone()).await;
        source.is_out_of_reach(true);
        assert!(known(&set, &key(1).kid).await, "a fresh set asks nobody");
        advance(CACHE_TTL).await;
        assert!(matches!(set.decoding_key(&key(1).kid).await, Err(KeySourceError::Unavailable(_))));
        source.is_out_of_reach(false);
        assert!(known(&set, &key(1).kid).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_start_without_its_source_reads_the_keys_when_the_first_token_comes() {
        let source = MadeUpSource::default();
        source.publish(key(1));
        source.is_out_of_reach(true);
        let set = KeySet::load(source.clone()).await;
        source.is_out_of_reach(false);
        assert!(known(&set, &key(1).kid).await);
        assert_eq!(source.reads(), (2, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_has_ended_verifies_nothing_and_is_not_shown() {
        let source = MadeUpSource::default();
        source.publish(PublicKey { ended_at: Some(now() - 1), ..key(1) });
        source.publish(PublicKey { ended_at: Some(now() + 60), ..key(2) });
        let set = KeySet::load(source.clone()).await;
        assert!(!known(&set, &key(1).kid).await);
        assert!(known(&set, &key(2).kid).await);
        let shown: Vec<_> = set.public_keys().await.unwrap().into_iter().map(|key| key.kid).collect();
        assert_eq!(shown, [key(2).kid]);
        assert_eq!(source.reads(), (1, 0), "an ended key is known: nothing is looked up");
    }
}
