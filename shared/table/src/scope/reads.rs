use counted_index::IndexReader;
use dynamo::{Item, SortKeys, from_item};
use serde::de::DeserializeOwned;

use super::{OrganizationKey, OrganizationPartition, Record, Table};
use crate::Error;

/// Reads of an organization's records, whose results are handed out once the caller's role is known to hold.
#[derive(Clone, Copy)]
pub(crate) struct Reads<'t>(&'t Table);

impl<'t> Reads<'t> {
    pub(super) fn new(table: &'t Table) -> Self {
        Self(table)
    }

    pub(crate) async fn get<R: Record>(self, key: OrganizationKey<R>) -> Result<Option<R>, Error> {
        self.0.get(key.into_key()).await
    }

    /// Every item of the partition with one of these sort keys.
    pub(crate) async fn items(
        self,
        partition: OrganizationPartition,
        sort_keys: SortKeys<'_>,
    ) -> Result<Vec<Item>, Error> {
        Ok(self.0.engine().query(&partition.into_name(), sort_keys).await?)
    }

    /// Every record of the partition with one of these sort keys, which all hold records of this kind.
    pub(crate) async fn query<R: Record>(
        self,
        partition: OrganizationPartition,
        sort_keys: SortKeys<'_>,
    ) -> Result<Vec<R>, Error> {
        let items = self.items(partition, sort_keys).await?;
        Ok(items.into_iter().map(from_item).collect::<Result<_, _>>()?)
    }

    /// The record of this kind at a key of the engine's, such as an index has.
    pub(crate) async fn entry<T: DeserializeOwned>(self, key: dynamo::Key) -> Result<Option<T>, Error> {
        Ok(self.0.engine().get(key).await?)
    }

    /// The organization's counted indexes.
    pub(crate) fn indexes(self) -> IndexReader<'t> {
        IndexReader::new(self.0.engine())
    }
}
