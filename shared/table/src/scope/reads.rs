use counted_index::{IndexReader, Order, entry_key};
use domain::ids::OrganizationId;
use dynamo::{Item, SortKeys, from_item};
use serde::de::DeserializeOwned;

use super::{OrganizationKey, OrganizationPartition, PartOf, Record, Table};
use crate::{Error, remembered::Remembered};

/// Reads of an organization's records. The scope returns their results only once the caller's role is known to hold.
#[derive(Clone, Copy)]
pub(crate) struct Reads<'t>(&'t Table);

impl<'t> Reads<'t> {
    pub(super) fn new(table: &'t Table) -> Self {
        Self(table)
    }

    /// Returns the organizations of which this process has read of late that they have no end, and that none of their
    /// customers is in the earlier form.
    pub(crate) fn settled_customers(self) -> &'t Remembered<OrganizationId, ()> {
        self.0.settled_customers()
    }

    pub(crate) async fn get<R: Record>(self, key: OrganizationKey<R>) -> Result<Option<R>, Error> {
        self.0.get(key.into_key()).await
    }

    pub(crate) async fn get_part<P: PartOf<R>, R>(self, key: OrganizationKey<R>) -> Result<Option<P>, Error> {
        self.0.get_part(key.into_key()).await
    }

    /// Reads every item of the partition with one of these sort keys.
    pub(crate) async fn items(
        self,
        partition: OrganizationPartition,
        sort_keys: SortKeys<'_>,
    ) -> Result<Vec<Item>, Error> {
        Ok(self.0.engine().query(&partition.into_name(), sort_keys).await?)
    }

    /// Reads every record of the partition with one of these sort keys. All of these items must hold records of type
    /// `R`.
    pub(crate) async fn query<R: Record>(
        self,
        partition: OrganizationPartition,
        sort_keys: SortKeys<'_>,
    ) -> Result<Vec<R>, Error> {
        let items = self.items(partition, sort_keys).await?;
        Ok(items.into_iter().map(from_item).collect::<Result<_, _>>()?)
    }

    /// Reads the first records of the partition with one of these sort keys, at most `limit`.
    pub(crate) async fn query_up_to<R: Record>(
        self,
        partition: OrganizationPartition,
        sort_keys: SortKeys<'_>,
        limit: usize,
    ) -> Result<Vec<R>, Error> {
        let items = self.0.engine().query_up_to(&partition.into_name(), sort_keys, limit).await?;
        Ok(items.into_iter().map(from_item).collect::<Result<_, _>>()?)
    }

    /// Reads two records as they were at one and the same moment.
    pub(crate) async fn get_at_one_moment<A: Record, B: Record>(
        self,
        one: OrganizationKey<A>,
        other: OrganizationKey<B>,
    ) -> Result<(Option<A>, Option<B>), Error> {
        let keys = [one.into_key().into_raw(), other.into_key().into_raw()];
        let [one, other] = self.0.engine().get_at_one_moment(keys).await?;
        Ok((one.map(from_item).transpose()?, other.map(from_item).transpose()?))
    }

    /// Reads the record at an untyped key, such as the key of an entry of an index.
    pub(crate) async fn entry<T: DeserializeOwned>(self, key: dynamo::Key) -> Result<Option<T>, Error> {
        Ok(self.0.engine().get(key).await?)
    }

    /// Reads the records of these entries of an index, where there are any: in no particular order, and with only these
    /// attributes.
    pub(crate) async fn entries<T: DeserializeOwned>(
        self,
        order: &Order,
        keys: impl IntoIterator<Item = &str>,
        attributes: &[&str],
    ) -> Result<Vec<T>, Error> {
        let keys = keys.into_iter().map(|key| entry_key(&order.partition, key)).collect();
        let items = self.0.engine().batch_get(keys, attributes).await?;
        Ok(items.into_iter().map(from_item).collect::<Result<_, _>>()?)
    }

    /// Returns the organization's counted indexes.
    pub(crate) fn indexes(self) -> IndexReader<'t> {
        IndexReader::new(self.0.engine())
    }
}
