//! The engine's calls with the table's own errors.

use dynamo::{Counted, Expression, Item, Key, Limit, SortKeys};
use serde::de::DeserializeOwned;

use crate::{Error, Table};

impl Table {
    pub(crate) async fn get<T: DeserializeOwned>(&self, key: Key) -> Result<Option<T>, Error> {
        Ok(self.engine.get(key).await?)
    }

    pub(crate) async fn exists(&self, key: Key) -> Result<bool, Error> {
        Ok(self.engine.exists(key).await?)
    }

    pub(crate) async fn query(&self, partition: &str, sort_keys: SortKeys<'_>) -> Result<Vec<Item>, Error> {
        Ok(self.engine.query(partition, sort_keys).await?)
    }

    pub(crate) async fn batch_get(&self, keys: Vec<Key>, attributes: &[&str]) -> Result<Vec<Item>, Error> {
        Ok(self.engine.batch_get(keys, attributes).await?)
    }

    pub(crate) async fn update(&self, key: Key, expression: &Expression) -> Result<Option<Item>, Error> {
        Ok(self.engine.update(key, expression).await?)
    }

    pub(crate) async fn count(&self, limit: &Limit, now: u64) -> Result<Counted, Error> {
        Ok(self.engine.count(limit, now).await?)
    }
}
