use std::collections::BTreeMap;

use aws_sdk_dynamodb::Client;
use local::Bundle;
use serde_json::Value;

/// Every item of the table, by its two keys.
pub(crate) struct Table(BTreeMap<(String, String), Value>);

impl Table {
    /// Reads the table whole. Nothing may write meanwhile.
    pub(crate) async fn read(engine: &Client) -> Self {
        let mut items = BTreeMap::new();
        let mut start = None;
        loop {
            let scan = engine.scan().table_name(Bundle::TABLE).consistent_read(true).set_exclusive_start_key(start);
            let page = scan.send().await.unwrap();
            for item in page.items.unwrap_or_default() {
                let item: Value = serde_dynamo::from_item(item).unwrap();
                items.insert((text(&item["pk"]), text(&item["sk"])), item);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Self(items);
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn of(items: Vec<Value>) -> Self {
        Self(items.into_iter().map(|item| ((text(&item["pk"]), text(&item["sk"])), item)).collect())
    }

    pub(crate) fn get(&self, pk: &str, sk: &str) -> Option<&Value> {
        self.0.get(&(pk.to_owned(), sk.to_owned()))
    }

    /// The items of a partition with this prefix of their sort keys: what follows it, and the item.
    pub(crate) fn within<'t>(&'t self, pk: &str, prefix: &str) -> impl Iterator<Item = (&'t str, &'t Value)> + use<'t> {
        let (pk, prefix) = (pk.to_owned(), prefix.to_owned());
        let items = self.0.range((pk.clone(), prefix.clone())..);
        let items = items.take_while(move |((partition, _), _)| *partition == pk);
        items.map_while(move |((_, sk), item)| Some((sk.strip_prefix(&*prefix)?, item)))
    }

    /// The items whose partitions begin so: what follows it, the sort key, and the item.
    pub(crate) fn partitions<'t>(
        &'t self,
        prefix: &'static str,
    ) -> impl Iterator<Item = (&'t str, &'t str, &'t Value)> {
        let items = self.0.range((prefix.to_owned(), String::new())..);
        items.map_while(move |((pk, sk), item)| Some((pk.strip_prefix(prefix)?, &**sk, item)))
    }

    /// Every organization's id and item.
    pub(crate) fn organizations(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.partitions("ORG#").filter(|(_, sk, _)| *sk == "#ORG").map(|(id, _, item)| (id, item))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// A text attribute.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A number attribute, or 0.
pub(crate) fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}
