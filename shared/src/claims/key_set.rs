use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use jsonwebtoken::DecodingKey;

use super::{PublicKey, now};
use crate::table::{Error, Table};

/// How long the whole set is used before it is read again.
const FRESH: Duration = Duration::from_mins(5);
/// How long a key that wasn't in the table is taken as absent.
const ABSENT: Duration = Duration::from_secs(5);
/// Between two look-ups of unknown keys: a flood of invented ids must not become a flood of reads.
const LOOKUPS: Duration = Duration::from_secs(1);
/// Invented ids remembered at once.
const MOST_ABSENT: usize = 1_000;

/// The table's public keys, as this process knows them.
#[derive(Clone)]
pub struct KeySet {
    table: Table,
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
    /// Reads the keys. Where the table is out of reach, the first token tries again.
    pub async fn load(table: Table) -> Self {
        super::install_crypto();
        let set = Self { table, known: Arc::default() };
        if let Err(error) = set.refresh().await {
            tracing::warn!(%error, "the public keys could not be read at start");
        }
        set
    }

    /// Every public key that is in use, as the table has it now.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn public_keys(&self) -> Result<Vec<PublicKey>, Error> {
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
    /// The table is out of reach, or may not be asked right now: nobody knows whether there is such a key.
    pub(super) async fn decoding_key(&self, kid: &str) -> Result<Option<DecodingKey>, Error> {
        if self.is_stale() {
            self.refresh().await?;
        }
        {
            let mut known = self.known();
            if let Some(key) = known.key(kid, now()) {
                return Ok(Some(key));
            }
            if known.keys.contains_key(kid) || known.absent.get(kid).is_some_and(|at| at.elapsed() < ABSENT) {
                return Ok(None);
            }
            if known.looked_up_at.is_some_and(|at| at.elapsed() < LOOKUPS) {
                return Err(Error::Unavailable("an unknown key was looked up less than a second ago".to_owned()));
            }
            known.looked_up_at = Some(Instant::now());
        }
        let found = self.table.public_key(kid).await?;
        let mut known = self.known();
        if let Some(key) = found.filter(|key| !key.has_ended(now())) {
            return Ok(known.learn(key));
        }
        known.absent.retain(|_, at| at.elapsed() < ABSENT);
        if known.absent.len() < MOST_ABSENT {
            known.absent.insert(kid.to_owned(), Instant::now());
        }
        Ok(None)
    }

    /// Reads the whole set again.
    ///
    /// # Errors
    /// The table is out of reach; the keys that were known stay.
    pub async fn refresh(&self) -> Result<(), Error> {
        let keys = self.table.public_keys().await?;
        let mut known = self.known();
        known.keys.clear();
        for key in keys {
            known.learn(key);
        }
        known.read_at = Some(Instant::now());
        Ok(())
    }

    fn is_stale(&self) -> bool {
        self.known().read_at.is_none_or(|at| at.elapsed() >= FRESH)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet").field("kids", &self.known().keys.keys().collect::<Vec<_>>()).finish()
    }
}
