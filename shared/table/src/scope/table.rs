use domain::{
    config::{Config, Limits},
    ids::OrganizationId,
};
use dynamo::{Counted, Expression, Item, Limit, SortKeys, Updated, from_item, text};

use super::{Key, PartOf, Partition, Record, Write};
use crate::{Error, machines::WrittenUses, memberships::OrganizationsByCode, remembered::Remembered};

/// The table, for records that belong to no single organization: accounts, memberships, signing keys and mails.
#[derive(Clone, Debug)]
pub struct Table {
    engine: dynamo::Table,
    require_verified_email: bool,
    limits: Limits,
    max_tested_rows: u64,
    written_uses: WrittenUses,
    endless_organizations: Remembered<OrganizationId, ()>,
    settled_customers: Remembered<OrganizationId, ()>,
    organizations_by_code: OrganizationsByCode,
}

impl Table {
    /// Creates the table on `engine`. E-mail addresses must be verified.
    #[must_use]
    pub fn new(engine: dynamo::Table) -> Self {
        Self {
            engine,
            require_verified_email: true,
            limits: Limits::default(),
            max_tested_rows: Config::MAX_TESTED_ROWS,
            written_uses: WrittenUses::default(),
            endless_organizations: Remembered::default(),
            settled_customers: Remembered::default(),
            organizations_by_code: OrganizationsByCode::default(),
        }
    }

    /// Connects to the table that `config` names.
    #[must_use]
    pub fn connect(config: &Config) -> Self {
        let engine = dynamo::Table::connect(&config.table_name, config.dynamodb_endpoint.as_deref());
        Self::new(engine)
            .requiring_verified_email(config.require_verified_email)
            .with_limits(config.limits)
            .testing_rows_up_to(config.max_tested_rows)
    }

    /// Sets whether e-mail addresses must be verified. If so, an account with an unverified address can be neither
    /// promoted nor associated, and new accounts are mailed a link that verifies theirs.
    #[must_use]
    pub fn requiring_verified_email(self, require_verified_email: bool) -> Self {
        Self { require_verified_email, ..self }
    }

    /// Sets the limits on guessing and on what strangers can make. Without them, each is off.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Sets how many rows a list tests one by one at most.
    #[must_use]
    pub fn testing_rows_up_to(self, max_tested_rows: u64) -> Self {
        Self { max_tested_rows, ..self }
    }

    pub(crate) fn max_tested_rows(&self) -> u64 {
        self.max_tested_rows
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn requires_verified_email(&self) -> bool {
        self.require_verified_email
    }

    /// Returns the machine credentials whose use this process has written of late.
    pub(crate) fn written_uses(&self) -> &WrittenUses {
        &self.written_uses
    }

    /// Returns the organizations that this process has read of late, without those that end by themselves.
    pub(super) fn endless_organizations(&self) -> &Remembered<OrganizationId, ()> {
        &self.endless_organizations
    }

    pub(super) fn settled_customers(&self) -> &Remembered<OrganizationId, ()> {
        &self.settled_customers
    }

    /// Returns the ids of organizations whose codes this process has read of late.
    pub(crate) fn organizations_by_code(&self) -> &OrganizationsByCode {
        &self.organizations_by_code
    }

    pub(super) fn engine(&self) -> &dynamo::Table {
        &self.engine
    }

    pub(crate) async fn get<R: Record>(&self, key: Key<R>) -> Result<Option<R>, Error> {
        Ok(self.engine.get(key.into_raw()).await?)
    }

    pub(crate) async fn get_part<P: PartOf<R>, R>(&self, key: Key<R>) -> Result<Option<P>, Error> {
        Ok(self.engine.get(key.into_raw()).await?)
    }

    pub(crate) async fn query<R: Record>(
        &self,
        partition: &Partition<R>,
        sort_keys: SortKeys<'_>,
    ) -> Result<Vec<R>, Error> {
        let items = self.engine.query(partition.name(), sort_keys).await?;
        Ok(items.into_iter().map(from_item).collect::<Result<_, _>>()?)
    }

    /// Reads the first records of a partition with one of these sort keys, at most `limit`.
    pub(crate) async fn query_up_to<R: Record>(
        &self,
        partition: &Partition<R>,
        sort_keys: SortKeys<'_>,
        limit: usize,
    ) -> Result<Vec<R>, Error> {
        let items = self.engine.query_up_to(partition.name(), sort_keys, limit).await?;
        Ok(items.into_iter().map(from_item).collect::<Result<_, _>>()?)
    }

    /// Returns the sort keys of the records of a partition that meet the condition.
    pub(crate) async fn sort_keys_where<R>(
        &self,
        partition: &Partition<R>,
        condition: &Expression,
    ) -> Result<Vec<String>, Error> {
        Ok(self.engine.sort_keys_where(partition.name(), condition).await?)
    }

    /// Returns the first `limit` sort keys of a partition below `end` and after `after`.
    pub(crate) async fn sort_keys_below<R>(
        &self,
        partition: &Partition<R>,
        end: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, Error> {
        Ok(self.engine.sort_keys_below(partition.name(), end, after, limit).await?)
    }

    /// Reads the records that exist at these keys, in no particular order, with only these attributes.
    pub(crate) async fn batch_get<P: PartOf<R>, R>(
        &self,
        keys: impl IntoIterator<Item = Key<R>>,
        attributes: &[&str],
    ) -> Result<Vec<P>, Error> {
        let keys = keys.into_iter().map(Key::into_raw).collect();
        let items = self.engine.batch_get(keys, attributes).await?;
        Ok(items.into_iter().map(from_item).collect::<Result<_, _>>()?)
    }

    /// Returns the records with this sort key whose key isn't the one that `key_of` gives, each with the key that it
    /// has. Reads the whole table: for operators alone.
    pub(crate) async fn astray<R: Record>(
        &self,
        sort_key: &str,
        key_of: impl Fn(&R) -> Key<R>,
    ) -> Result<Vec<(Key<R>, R)>, Error> {
        let of_kind = Expression::condition("sk = :sk").value(":sk", text(sort_key));
        let partition = |item: &Item| item.get("pk").and_then(|pk| pk.as_s().ok()).cloned().unwrap_or_default();
        let is_astray = |item: &Item| {
            from_item::<R>(item.clone()).is_ok_and(|record| key_of(&record).into_raw().pk != partition(item))
        };
        let items = self.engine.scan(&of_kind, is_astray).await?;
        items.into_iter().map(|item| Ok((Key::new(partition(&item), sort_key), from_item(item)?))).collect()
    }

    pub(crate) async fn update<R>(&self, key: Key<R>, expression: &Expression) -> Result<Option<Item>, Error> {
        Ok(self.engine.update(key.into_raw(), expression).await?)
    }

    /// Updates a record if it exists and meets the condition. Otherwise returns the present item.
    pub(crate) async fn try_to_update<R>(&self, key: Key<R>, expression: &Expression) -> Result<Updated, Error> {
        Ok(self.engine.try_to_update(key.into_raw(), expression, expression.condition_on_existing()).await?)
    }

    /// Updates a record that may not exist, on the expression's condition alone. Only for what limits and
    /// bounces keep: an item whose existence is a role or an account would come back by a late update.
    pub(crate) async fn update_or_create<R>(&self, key: Key<R>, expression: &Expression) -> Result<Updated, Error> {
        let condition = expression.condition_alone().to_owned();
        Ok(self.engine.try_to_update(key.into_raw(), expression, condition).await?)
    }

    pub(crate) async fn put_new<R: Record>(&self, key: Key<R>, record: &R) -> Result<bool, Error> {
        Ok(self.engine.put_new(key.into_raw(), R::ENTITY, record).await?)
    }

    /// Deletes a record, if there is one.
    pub(crate) async fn delete<R>(&self, key: Key<R>) -> Result<(), Error> {
        Ok(self.engine.delete(key.into_raw(), &Expression::default()).await?)
    }

    pub(crate) async fn count(&self, limit: &Limit, now: u64) -> Result<Counted, Error> {
        Ok(self.engine.count(limit, now).await?)
    }

    /// Begins a transaction on records that belong to no single organization.
    pub(crate) fn write<R>(&self) -> Write<'_, (), R> {
        Write::new(self, ())
    }
}
