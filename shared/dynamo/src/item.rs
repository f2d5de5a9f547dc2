use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::{DateTime, date_time::Format};
use domain::clock::now;
use serde::{Serialize, de::DeserializeOwned};

use crate::{Error, Key};

/// An item as DynamoDB has it.
pub type Item = HashMap<String, AttributeValue>;

/// The item of `record` at `key`; `entity` says what it is to whoever looks into the table.
///
/// # Errors
/// The record can't be an item, which is a defect.
pub fn to_item(key: Key, entity: &str, record: &impl Serialize) -> Result<Item, Error> {
    let mut item: Item = serde_dynamo::to_item(record).map_err(|error| Error::Internal(error.into()))?;
    item.extend(key.attributes());
    item.insert("entity".to_owned(), AttributeValue::S(entity.to_owned()));
    Ok(item)
}

/// The record that an item holds.
///
/// # Errors
/// The item doesn't hold one, which is a defect.
pub fn from_item<T: DeserializeOwned>(item: Item) -> Result<T, Error> {
    serde_dynamo::from_item(item).map_err(|error| Error::Internal(error.into()))
}

/// An `expires_at` in the past means gone; DynamoDB's own deletion comes hours later.
#[must_use]
pub fn is_live(item: &Item) -> bool {
    let end = item.get("expires_at").and_then(|value| value.as_n().ok()).and_then(|end| end.parse::<u64>().ok());
    end.is_none_or(|end| end > now())
}

/// Seconds since the epoch as RFC 3339 UTC.
#[must_use]
pub fn rfc3339(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    // Formatting fails past the year 9999 alone.
    DateTime::from_secs(seconds).fmt(Format::DateTime).unwrap_or_default()
}
