use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

/// The primary key of an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The partition key.
    pub pk: String,
    /// The sort key.
    pub sk: String,
}

impl Key {
    /// Creates a key.
    #[must_use]
    pub fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    /// Returns whether this is the key of `item`.
    pub(crate) fn is_of(&self, item: &HashMap<String, AttributeValue>) -> bool {
        let has =
            |name, part: &str| item.get(name).and_then(|value| value.as_s().ok()).is_some_and(|text| text == part);
        has("pk", &self.pk) && has("sk", &self.sk)
    }

    /// Returns the key as attributes of an item.
    #[must_use]
    pub fn attributes(self) -> HashMap<String, AttributeValue> {
        HashMap::from([("pk".to_owned(), AttributeValue::S(self.pk)), ("sk".to_owned(), AttributeValue::S(self.sk))])
    }
}
