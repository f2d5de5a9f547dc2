//! The public signing keys: written by `auth` alone, read by every function.

use claims::{KeySource, KeySourceError, KeysRead, PublicKey};
use dynamo::{Expression, SortKeys, from_item, number};

use crate::{Error, Table, keys};

impl Table {
    /// Every public key: one Query.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn public_keys(&self) -> Result<Vec<PublicKey>, Error> {
        let items = self.query(keys::PUBLIC_KEYS, SortKeys::Prefix("KEY#")).await?;
        Ok(items.into_iter().map(from_item).collect::<Result<_, _>>()?)
    }

    /// The public key of this id: one read.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn public_key(&self, kid: &str) -> Result<Option<PublicKey>, Error> {
        // Longer than any key's id: no item can have it, and a sort key ends at 1,024 bytes.
        if kid.len() > 128 {
            return Ok(None);
        }
        self.get(keys::public_key(kid)).await
    }

    /// Publishes a key; one that is there already stays as it is.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn publish_key(&self, key: &PublicKey) -> Result<(), Error> {
        self.engine.put_new(keys::public_key(&key.kid), "public key", key).await?;
        Ok(())
    }

    /// Ends a key at a time, in seconds since the epoch, and never later than it ends anyway: tokens signed by it are refused from
    /// then on. Whether another key is
    /// left is the caller's concern.
    ///
    /// # Errors
    /// [`Error::NoKey`], or the table is out of reach.
    pub async fn retire_key(&self, kid: &str, at: u64) -> Result<(), Error> {
        let end = Expression::update("SET ended_at = :at")
            .and_condition("attribute_not_exists(ended_at) OR ended_at > :at")
            .value(":at", number(at));
        self.update(keys::public_key(kid), &end).await?.map(drop).ok_or(Error::NoKey)
    }
}

impl KeySource for Table {
    fn all(&self) -> KeysRead<'_, Vec<PublicKey>> {
        Box::pin(async { self.public_keys().await.map_err(unreadable) })
    }

    fn one<'a>(&'a self, kid: &'a str) -> KeysRead<'a, Option<PublicKey>> {
        Box::pin(async { self.public_key(kid).await.map_err(unreadable) })
    }
}

fn unreadable(error: Error) -> KeySourceError {
    match error {
        Error::Unavailable(cause) => KeySourceError::Unavailable(cause),
        error => KeySourceError::Internal(error.into()),
    }
}
