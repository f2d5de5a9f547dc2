//! Strongly consistent reads.

use std::time::Duration;

use aws_sdk_dynamodb::{
    operation::{query::builders::QueryFluentBuilder, transact_get_items::TransactGetItemsError},
    types::{AttributeValue, Get, KeysAndAttributes, TransactGetItem},
};
use futures_util::future::try_join_all;
use rand::random_range;
use serde::de::DeserializeOwned;
use tokio::time::sleep;

use crate::{
    Error, Key, Table,
    backoff::Backoff,
    commit::is_transient,
    expression::{Expression, text},
    item::{Item, from_item, is_live},
    transaction::defect,
};

/// Keys that one `BatchGetItem` accepts.
const MAX_BATCH_KEYS: usize = 100;
/// Attempts to read all keys of a batch. The pauses between them grow exponentially, to one second in all.
const MAX_BATCH_ATTEMPTS: u32 = 6;

/// A range of the sort keys of a partition.
#[derive(Clone, Copy)]
pub enum SortKeys<'a> {
    /// Sort keys with this prefix.
    Prefix(&'a str),
    /// Sort keys from the first to the second, both inclusive.
    Between(&'a str, &'a str),
}

impl Table {
    /// The record at this key, or `None` if there is none or it has expired: one read.
    ///
    /// # Errors
    /// The table is out of reach, or the item holds no such record.
    pub async fn get<T: DeserializeOwned>(&self, key: Key) -> Result<Option<T>, Error> {
        let call = self.client.get_item().table_name(&*self.name).set_key(Some(key.attributes())).consistent_read(true);
        call.send().await?.item.filter(is_live).map(from_item).transpose()
    }

    /// The items at these keys, each as it was at one and the same moment, in the order of the keys. Other reads of
    /// several items may see half of a transaction that commits meanwhile. Takes twice their units, and is tried again
    /// while a transaction holds one of the items.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn get_at_one_moment<const N: usize>(&self, keys: [Key; N]) -> Result<[Option<Item>; N], Error> {
        let gets = keys.iter().map(|key| {
            let get = Get::builder().table_name(&*self.name).set_key(Some(key.clone().attributes())).build();
            Ok(TransactGetItem::builder().get(get.map_err(defect)?).build())
        });
        let gets: Vec<_> = gets.collect::<Result<_, Error>>()?;
        let mut backoff = Backoff::default();
        loop {
            let error = match self.client.transact_get_items().set_transact_items(Some(gets.clone())).send().await {
                Ok(answer) => {
                    let read = answer.responses.unwrap_or_default().into_iter().filter_map(|response| response.item);
                    let mut read: Vec<_> = read.filter(is_live).collect();
                    return Ok(keys.map(|key| {
                        let place = read.iter().position(|item| key.is_of(item))?;
                        Some(read.swap_remove(place))
                    }));
                }
                Err(error) => error,
            };
            match error.as_service_error() {
                Some(TransactGetItemsError::TransactionCanceledException(cancelled))
                    if cancelled.cancellation_reasons().iter().any(is_transient) =>
                {
                    backoff.wait_or_give_up("a transaction conflict").await?;
                }
                _ => return Err(error.into()),
            }
        }
    }

    /// Every item of a partition in a range of sort keys, in order.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn query(&self, partition: &str, sort_keys: SortKeys<'_>) -> Result<Vec<Item>, Error> {
        self.query_up_to(partition, sort_keys, usize::MAX).await
    }

    /// The first items of a partition in a range of sort keys, in order: `limit`, or as many as there are.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn query_up_to(
        &self,
        partition: &str,
        sort_keys: SortKeys<'_>,
        limit: usize,
    ) -> Result<Vec<Item>, Error> {
        let (mut items, mut start) = (Vec::<Item>::new(), None);
        loop {
            let call = self.query_request().set_limit(i32::try_from(limit - items.len()).ok());
            let call = call.expression_attribute_values(":pk", AttributeValue::S(partition.to_owned()));
            let call = match sort_keys {
                SortKeys::Prefix(prefix) => call
                    .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                    .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned())),
                SortKeys::Between(from, to) => call
                    .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
                    .expression_attribute_values(":from", AttributeValue::S(from.to_owned()))
                    .expression_attribute_values(":to", AttributeValue::S(to.to_owned())),
            };
            let page = call.set_exclusive_start_key(start).send().await?;
            items.extend(page.items.unwrap_or_default().into_iter().filter(is_live));
            start = page.last_evaluated_key;
            if start.is_none() || items.len() >= limit {
                return Ok(items);
            }
        }
    }

    /// The items that exist at these keys, in no particular order, with only these attributes.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn batch_get(&self, keys: Vec<Key>, attributes: &[&str]) -> Result<Vec<Item>, Error> {
        let batches = keys.chunks(MAX_BATCH_KEYS).map(|keys| self.get_batch(keys, attributes));
        Ok(try_join_all(batches).await?.into_iter().flatten().filter(is_live).collect())
    }

    /// The sort keys of the items of a partition that meet the expression's condition.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn sort_keys_where(&self, partition: &str, filter: &Expression) -> Result<Vec<String>, Error> {
        let (mut found, mut start) = (Vec::new(), None);
        loop {
            let mut values = filter.values().unwrap_or_default();
            values.insert(":pk".to_owned(), text(partition));
            let call = self
                .query_request()
                .key_condition_expression("pk = :pk")
                .filter_expression(filter.condition_alone())
                .projection_expression("sk")
                .set_expression_attribute_names(filter.names())
                .set_expression_attribute_values(Some(values));
            let page = call.set_exclusive_start_key(start).send().await?;
            found.extend(page.items.unwrap_or_default().into_iter().filter_map(sort_key));
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(found);
            }
        }
    }

    /// The items of the whole table that meet the expression's condition and are to be kept. Reads every item that there
    /// is: for operators alone.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn scan(&self, filter: &Expression, keep: impl Fn(&Item) -> bool) -> Result<Vec<Item>, Error> {
        let (mut found, mut start) = (Vec::new(), None);
        loop {
            let call = self
                .client
                .scan()
                .table_name(&*self.name)
                .consistent_read(true)
                .filter_expression(filter.condition_alone())
                .set_expression_attribute_names(filter.names())
                .set_expression_attribute_values(filter.values());
            let page = call.set_exclusive_start_key(start).send().await?;
            found.extend(page.items.unwrap_or_default().into_iter().filter(|item| is_live(item) && keep(item)));
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(found);
            }
        }
    }

    /// The first `limit` sort keys of a partition below `end`, and after `after` where that is given. Fewer mean that
    /// there are no more.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn sort_keys_below(
        &self,
        partition: &str,
        end: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, Error> {
        let call = self
            .query_request()
            .key_condition_expression("pk = :pk AND sk < :end")
            .projection_expression("sk")
            .expression_attribute_values(":pk", text(partition))
            .expression_attribute_values(":end", text(end))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(after.map(|sort_key| Key::new(partition, sort_key).attributes()));
        let items = call.send().await?.items.unwrap_or_default();
        Ok(items.into_iter().filter_map(sort_key).collect())
    }

    /// The builder of a strongly consistent Query, for requests that [`Table::query`] does not cover.
    #[must_use]
    pub fn query_request(&self) -> QueryFluentBuilder {
        self.client.query().table_name(&*self.name).consistent_read(true)
    }

    async fn get_batch(&self, keys: &[Key], attributes: &[&str]) -> Result<Vec<Item>, Error> {
        let mut request = KeysAndAttributes::builder().consistent_read(true);
        let mut placeholders = Vec::new();
        // `expires_at` is always read. Without it, `is_live` would accept an expired item.
        for (number, attribute) in attributes.iter().chain([&"expires_at"]).enumerate() {
            request = request.expression_attribute_names(format!("#a{number}"), *attribute);
            placeholders.push(format!("#a{number}"));
        }
        request = request.projection_expression(placeholders.join(", "));
        request = request.set_keys(Some(keys.iter().cloned().map(Key::attributes).collect()));
        let mut left = Some(request.build().map_err(|error| Error::Internal(error.into()))?);
        let mut items = Vec::new();
        for attempt in 0..MAX_BATCH_ATTEMPTS {
            let request = left.map(|left| [(self.name.to_string(), left)].into());
            let answer = self.client.batch_get_item().set_request_items(request).send().await?;
            items.extend(answer.responses.unwrap_or_default().into_values().flatten());
            left = answer.unprocessed_keys.unwrap_or_default().remove(&*self.name);
            if left.is_none() {
                return Ok(items);
            }
            sleep(Duration::from_millis(random_range(0..25 << attempt))).await;
        }
        Err(Error::Unavailable("reads were left out".to_owned()))
    }
}

fn sort_key(mut item: Item) -> Option<String> {
    match item.remove("sk") {
        Some(AttributeValue::S(sort_key)) => Some(sort_key),
        _ => None,
    }
}
