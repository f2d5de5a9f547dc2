//! The public signing keys: written by `auth` alone, read by every function.

use claims::{KeySource, KeySourceError, KeysRead, PublicKey};
use dynamo::{Expression, SortKeys, number};

use crate::{
    Error, Table,
    scope::{Record, keys},
};

impl Record for PublicKey {
    const ENTITY: &'static str = "public key";
}

impl Table {
    /// Every public key: one Query.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn public_keys(&self) -> Result<Vec<PublicKey>, Error> {
        self.query(&keys::public_keys(), SortKeys::Prefix(keys::PUBLIC_KEY_PREFIX)).await
    }

    /// Publishes a key. One that is there already stays as it is.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn publish_key(&self, key: &PublicKey) -> Result<(), Error> {
        self.put_new(keys::public_key(&key.kid), key).await?;
        Ok(())
    }

    /// Ends a key at a time, in seconds since the epoch, and never later than it ends anyway: tokens signed by it are
    /// refused from then on. False where there is no such key, or it ends sooner. Whether another key is left is the
    /// caller's concern.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn retire_key(&self, kid: &str, at: u64) -> Result<bool, Error> {
        let end = Expression::update("SET ended_at = :at")
            .and_condition("attribute_not_exists(ended_at) OR ended_at > :at")
            .value(":at", number(at));
        Ok(self.update(keys::public_key(kid), &end).await?.is_some())
    }
}

impl KeySource for Table {
    fn all(&self) -> KeysRead<'_, Vec<PublicKey>> {
        Box::pin(async { self.public_keys().await.map_err(unreadable) })
    }
}

fn unreadable(error: Error) -> KeySourceError {
    match error {
        Error::Unavailable(cause) => KeySourceError::Unavailable(cause),
        error => KeySourceError::Internal(error.into()),
    }
}
