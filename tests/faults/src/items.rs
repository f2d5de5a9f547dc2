//! Which items a call touches.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use crate::engine::Call;

/// An item's two keys as one text.
pub(crate) type ItemKey = String;

/// The key of an item, or of the item's key alone.
pub(crate) fn key_of(item: &Value) -> ItemKey {
    format!("{}\u{0}{}", item["pk"]["S"].as_str().unwrap(), item["sk"]["S"].as_str().unwrap())
}

/// The key of [`key_of`] in DynamoDB's form.
pub(crate) fn attributes_of(key: &str) -> Value {
    let (pk, sk) = key.split_once('\u{0}').unwrap();
    json!({"pk": {"S": pk}, "sk": {"S": sk}})
}

/// One action of a transaction, with its kind.
pub(crate) fn action_of(action: &Value) -> (&str, &Value) {
    let (kind, action) = action.as_object().unwrap().iter().next().unwrap();
    (kind, action)
}

fn item_of(action: &Value) -> ItemKey {
    key_of(action.get("Key").unwrap_or(&action["Item"]))
}

/// The items of a call that touches certain ones. A Query or a Scan names none.
pub(crate) fn items_of(call: &Call) -> Vec<ItemKey> {
    match &*call.operation {
        "TransactWriteItems" | "TransactGetItems" => {
            call.body["TransactItems"].as_array().unwrap().iter().map(|action| item_of(action_of(action).1)).collect()
        }
        "PutItem" | "UpdateItem" | "DeleteItem" | "GetItem" => vec![item_of(&call.body)],
        _ => Vec::new(),
    }
}

/// The items that a transaction writes. A mere condition writes nothing.
pub(crate) fn written_items(transaction: &Value) -> Vec<ItemKey> {
    let actions = transaction["TransactItems"].as_array().unwrap().iter().map(action_of);
    actions.filter(|(kind, _)| *kind != "ConditionCheck").map(|(_, action)| item_of(action)).collect()
}

/// The items that transactions in flight have taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken(Arc<Mutex<HashSet<ItemKey>>>);

/// Items that a transaction holds until it is done, even where its caller goes away.
#[derive(Debug)]
pub(crate) struct Flight {
    keys: Vec<ItemKey>,
    taken: Taken,
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut taken = self.taken.0.lock().unwrap();
        for key in &self.keys {
            taken.remove(key);
        }
    }
}

impl Taken {
    /// Takes the items for a transaction, or returns for each whether another transaction has it.
    pub(crate) fn take(&self, keys: Vec<ItemKey>) -> Result<Flight, Vec<&'static str>> {
        let mut taken = self.0.lock().unwrap();
        let reasons: Vec<_> =
            keys.iter().map(|key| if taken.contains(key) { "TransactionConflict" } else { "None" }).collect();
        if reasons.contains(&"TransactionConflict") {
            return Err(reasons);
        }
        taken.extend(keys.iter().cloned());
        Ok(Flight { keys, taken: self.clone() })
    }

    /// Whether a transaction has one of the items.
    pub(crate) fn has(&self, keys: &[ItemKey]) -> bool {
        let taken = self.0.lock().unwrap();
        keys.iter().any(|key| taken.contains(key))
    }
}
