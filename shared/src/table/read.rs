//! Strongly consistent reads.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use futures_util::future::try_join_all;
use rand::random_range;
use serde::de::{DeserializeOwned, IgnoredAny};
use tokio::time::sleep;

use super::{
    Error, Table,
    item::{Item, from_item, is_live},
    keys::Key,
};

/// What `BatchGetItem` takes at once.
const BATCH: usize = 100;
/// How often it is asked again for what it left out, with growing pauses: a second in all.
const BATCH_TRIES: u32 = 6;

/// A range of sort keys.
#[derive(Clone, Copy)]
pub(super) enum Range<'a> {
    /// Those that begin with this.
    Prefix(&'a str),
    /// Those from the first to the second, both included.
    Between(&'a str, &'a str),
}

impl Table {
    pub(super) async fn get<T: DeserializeOwned>(&self, key: Key) -> Result<Option<T>, Error> {
        let call = self.client.get_item().table_name(&*self.name).set_key(Some(key.attributes())).consistent_read(true);
        call.send().await?.item.filter(is_live).map(from_item).transpose()
    }

    pub(super) async fn exists(&self, key: Key) -> Result<bool, Error> {
        Ok(self.get::<IgnoredAny>(key).await?.is_some())
    }

    /// Every item of a range of a partition, in the order of their sort keys.
    pub(super) async fn query(&self, partition: &str, range: Range<'_>) -> Result<Vec<Item>, Error> {
        let (mut items, mut start) = (Vec::new(), None);
        loop {
            let call = self.client.query().table_name(&*self.name).consistent_read(true);
            let call = call.expression_attribute_values(":pk", AttributeValue::S(partition.to_owned()));
            let call = match range {
                Range::Prefix(prefix) => call
                    .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                    .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned())),
                Range::Between(from, to) => call
                    .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
                    .expression_attribute_values(":from", AttributeValue::S(from.to_owned()))
                    .expression_attribute_values(":to", AttributeValue::S(to.to_owned())),
            };
            let page = call.set_exclusive_start_key(start).send().await?;
            items.extend(page.items.unwrap_or_default().into_iter().filter(is_live));
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }

    /// Those of the items at these keys that exist, in no order, with these attributes alone.
    pub(super) async fn batch_get(&self, keys: Vec<Key>, attributes: &[&str]) -> Result<Vec<Item>, Error> {
        let batches = keys.chunks(BATCH).map(|keys| self.get_batch(keys, attributes));
        Ok(try_join_all(batches).await?.into_iter().flatten().filter(is_live).collect())
    }

    async fn get_batch(&self, keys: &[Key], attributes: &[&str]) -> Result<Vec<Item>, Error> {
        let mut request = KeysAndAttributes::builder().consistent_read(true);
        let mut places = Vec::new();
        // Without its end, an item that has ended would seem alive.
        for (place, attribute) in attributes.iter().chain([&"expires_at"]).enumerate() {
            request = request.expression_attribute_names(format!("#a{place}"), *attribute);
            places.push(format!("#a{place}"));
        }
        request = request.projection_expression(places.join(", "));
        request = request.set_keys(Some(keys.iter().cloned().map(Key::attributes).collect()));
        let mut left = Some(request.build().map_err(|error| Error::Internal(error.into()))?);
        let mut items = Vec::new();
        for attempt in 0..BATCH_TRIES {
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
