use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::{DateTime, date_time::Format};
use serde::{Serialize, de::DeserializeOwned};

use super::{Error, keys::Key};
use crate::claims::now;

/// An item as DynamoDB has it.
pub(super) type Item = HashMap<String, AttributeValue>;

/// The item of `record` at `key`; `entity` says what it is to whoever looks into the table.
pub(super) fn to_item(key: Key, entity: &str, record: &impl Serialize) -> Result<Item, Error> {
    let mut item: Item = serde_dynamo::to_item(record).map_err(|error| Error::Internal(error.into()))?;
    item.extend(key.attributes());
    item.insert("entity".to_owned(), AttributeValue::S(entity.to_owned()));
    Ok(item)
}

pub(super) fn from_item<T: DeserializeOwned>(item: Item) -> Result<T, Error> {
    serde_dynamo::from_item(item).map_err(|error| Error::Internal(error.into()))
}

/// An `expires_at` in the past means gone; DynamoDB's own deletion comes hours later.
pub(super) fn is_live(item: &Item) -> bool {
    let end = item.get("expires_at").and_then(|value| value.as_n().ok()).and_then(|end| end.parse::<u64>().ok());
    end.is_none_or(|end| end > now())
}

/// Seconds since the epoch as RFC 3339 UTC.
pub(super) fn rfc3339(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    // Formatting fails past the year 9999 alone.
    DateTime::from_secs(seconds).fmt(Format::DateTime).unwrap_or_default()
}
