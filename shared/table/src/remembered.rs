use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use domain::mutex::lock;

/// How long something is remembered.
pub(crate) const LIFE: Duration = Duration::from_mins(1);
/// The number of keys that are remembered at once.
const CAPACITY: usize = 1_000;

/// What this process has learned of each of these keys, for a minute. Clones share their memory.
#[derive(Debug)]
pub(crate) struct Remembered<K, V>(Arc<Mutex<HashMap<K, (V, Instant)>>>);

impl<K: Eq + Hash, V: Clone> Remembered<K, V> {
    /// Returns what is remembered of a key.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        self.get_at(key, Instant::now())
    }

    fn get_at(&self, key: &K, now: Instant) -> Option<V> {
        lock(&self.0).get(key).filter(|(_, at)| now.duration_since(*at) < LIFE).map(|(value, _)| value.clone())
    }

    /// Remembers a value for a key, unless one is remembered already: renewed again and again, it would never be read
    /// anew. Returns whether there was none.
    pub(crate) fn insert(&self, key: K, value: V) -> bool {
        let mut remembered = lock(&self.0);
        if remembered.get(&key).is_some_and(|(_, at)| at.elapsed() < LIFE) {
            return false;
        }
        if remembered.len() >= CAPACITY {
            remembered.retain(|_, (_, at)| at.elapsed() < LIFE);
        }
        // If none is old, all are forgotten: each costs one more read, and no new key is kept out for good.
        if remembered.len() >= CAPACITY {
            remembered.clear();
        }
        remembered.insert(key, (value, Instant::now()));
        true
    }
}

impl<K, V> Clone for Remembered<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_stays_as_it_was_first() {
        let remembered = Remembered::default();
        assert_eq!(remembered.get(&"acme"), None);
        assert!(remembered.insert("acme", 1));
        assert!(!remembered.insert("acme", 2));
        assert_eq!(remembered.clone().get(&"acme"), Some(1));
    }

    #[test]
    fn a_value_is_forgotten_after_a_minute() {
        let (remembered, before) = (Remembered::default(), Instant::now());
        remembered.insert("acme", 1);
        let after = Instant::now();
        assert_eq!(remembered.get_at(&"acme", before + LIFE / 2), Some(1));
        assert_eq!(remembered.get_at(&"acme", after + LIFE), None);
    }

    #[test]
    fn so_many_keys_take_no_more_than_their_room_and_keep_no_new_one_out() {
        let remembered = Remembered::default();
        for key in 0..=3 * CAPACITY {
            assert!(remembered.insert(key, ()));
            assert_eq!(remembered.get(&key), Some(()));
            assert!(lock(&remembered.0).len() <= CAPACITY);
        }
    }
}
