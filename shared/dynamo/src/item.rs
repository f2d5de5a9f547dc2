use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::{DateTime, date_time::Format};
use domain::clock::now;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Error, Key,
    expression::{Expression, number},
};

/// The attributes of an item.
pub type Item = HashMap<String, AttributeValue>;

/// Serializes `record` to the item at `key`. The attribute `entity` tells operators what the item is.
///
/// # Errors
/// The record can't be an item, which is a defect.
pub fn to_item(key: Key, entity: &str, record: &impl Serialize) -> Result<Item, Error> {
    let mut item: Item = serde_dynamo::to_item(record).map_err(|error| Error::Internal(error.into()))?;
    item.extend(key.attributes());
    item.insert("entity".to_owned(), AttributeValue::S(entity.to_owned()));
    Ok(item)
}

/// Deserializes the record that an item holds.
///
/// # Errors
/// The item holds no such record, which is a defect.
pub fn from_item<T: DeserializeOwned>(item: Item) -> Result<T, Error> {
    serde_dynamo::from_item(item).map_err(|error| Error::Internal(error.into()))
}

/// Returns whether an item has not expired. DynamoDB deletes an item up to days after its `expires_at`, so reads must
/// leave out expired ones themselves.
#[must_use]
pub fn is_live(item: &Item) -> bool {
    let end = item.get("expires_at").and_then(|value| value.as_n().ok()).and_then(|end| end.parse::<u64>().ok());
    end.is_none_or(|end| end > now())
}

/// Returns the condition that there is no item, or one that has expired and is not deleted yet.
#[must_use]
pub fn absent_or_expired() -> Expression {
    Expression::condition("attribute_not_exists(pk) OR expires_at <= :now").value(":now", number(now()))
}

/// Reads a time of RFC 3339 as seconds since the epoch: 0 where it is none.
#[must_use]
pub fn seconds_of(rfc3339: &str) -> u64 {
    let time = DateTime::from_str(rfc3339, Format::DateTime).map_or(0, |time| time.secs());
    u64::try_from(time).unwrap_or(0)
}

/// Formats seconds since the epoch as RFC 3339 UTC.
#[must_use]
pub fn rfc3339(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    // Formatting fails only for years after 9999.
    DateTime::from_secs(seconds).fmt(Format::DateTime).unwrap_or_default()
}
