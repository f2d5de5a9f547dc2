//! The public signing keys: written by `auth` alone, read by every function.

use aws_sdk_dynamodb::operation::put_item::PutItemError;

use super::{
    Error, Table,
    item::{from_item, to_item},
    keys,
    read::Range,
    transaction::{Terms, number},
};
use crate::claims::PublicKey;

impl Table {
    /// Every public key: one Query.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn public_keys(&self) -> Result<Vec<PublicKey>, Error> {
        let items = self.query(keys::PUBLIC_KEYS, Range::Prefix("KEY#")).await?;
        items.into_iter().map(from_item).collect()
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
        let item = to_item(keys::public_key(&key.kid), "public key", key)?;
        let call = self.client.put_item().table_name(&*self.name).set_item(Some(item));
        match call.condition_expression("attribute_not_exists(pk)").send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(error.into()),
            },
        }
    }

    /// Ends a key at a time, in seconds since the epoch, and never later than it ends anyway: tokens signed by it are refused from
    /// then on. Whether another key is
    /// left is the caller's concern.
    ///
    /// # Errors
    /// [`Error::NoKey`], or the table is out of reach.
    pub async fn retire_key(&self, kid: &str, at: u64) -> Result<(), Error> {
        let end = Terms::change("SET ended_at = :at")
            .when("attribute_not_exists(ended_at) OR ended_at > :at")
            .value(":at", number(at));
        self.update(keys::public_key(kid), &end).await?.map(drop).ok_or(Error::NoKey)
    }
}
