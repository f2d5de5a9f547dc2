//! Commits that readers see half done, as AWS has them: a Query or a `BatchGetItem` is not isolated from a transaction.
//!
//! Source: Amazon DynamoDB Developer Guide, "Transaction isolation levels": between a transaction and a Query, a Scan or
//! a batch operation as a unit, there is no serializable isolation.
//!
//! The engine commits at once, so the proxy takes a part of the commit back before anybody sees it. Example: a
//! transaction renames `A` to `B` by deleting the one item and putting the other. Under the lock that keeps readers out
//! it commits, and the deletion is taken back. Readers then see both `A` and `B`, until `A` is deleted again. An item
//! that a reader may have seen new never becomes old again.

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    FaultKind,
    engine::{Answer, Call},
    items::{ItemKey, attributes_of, items_of, key_of, written_items},
    proxy::{Cut, Proxy},
    refusals,
};

/// The longest time for which readers see the half, in milliseconds.
const MAX_HALF_MILLIS: u32 = 25;
/// The longest pause between two of its items, in milliseconds.
const MAX_ITEM_PAUSE_MILLIS: u32 = 5;

/// An item and what it was or is to be: nothing where there is none.
type Image = (ItemKey, Option<Value>);

impl Proxy {
    /// Has the engine commit a transaction, and readers see a random part of it later than the rest.
    pub(crate) async fn commit_half_seen(&self, call: &Call) -> Result<Answer, Cut> {
        let _flight = match self.taken.take(items_of(call)) {
            Ok(flight) => flight,
            Err(reasons) => {
                self.plan.count(FaultKind::Conflict);
                return Ok(refusals::cancelled(&reasons));
            }
        };
        let alone = self.calls.write().await;
        let written = written_items(&call.body);
        let table = table_of(&call.body);
        let before = self.images(call, &table, &written).await?;
        let answer = self.forward_transaction(call).await?;
        if !answer.is_done() {
            return Ok(answer);
        }
        let after = self.images(call, &table, &written).await?;
        let changed: Vec<_> = before.into_iter().zip(after).filter(|(before, after)| before != after).collect();
        if changed.len() < 2 {
            return Ok(answer);
        }
        let behind = self.plan.part_of(&changed);
        for (before, _) in &behind {
            self.write(call, &table, before).await?;
        }
        drop(alone);
        sleep(self.plan.time_below(MAX_HALF_MILLIS)).await;
        let complete = self.saboteur.as_ref().is_none_or(|saboteur| !saboteur.leaves_half());
        for (_, after) in behind.iter().filter(|_| complete) {
            self.write(call, &table, after).await?;
            sleep(self.plan.time_below(MAX_ITEM_PAUSE_MILLIS)).await;
        }
        Ok(answer)
    }

    /// The items as they are in the engine.
    async fn images(&self, call: &Call, table: &str, keys: &[ItemKey]) -> Result<Vec<Image>, Cut> {
        let wanted: Vec<_> = keys.iter().map(|key| attributes_of(key)).collect();
        let batch = json!({"RequestItems": {table: {"Keys": wanted, "ConsistentRead": true}}});
        let answer = self.engine.forward(&call.other("BatchGetItem", batch)).await.ok_or(Cut)?;
        let found = answer.json()["Responses"][table].as_array().cloned().unwrap_or_default();
        let image = |key: &ItemKey| found.iter().find(|item| key_of(item) == *key).cloned();
        Ok(keys.iter().map(|key| (key.clone(), image(key))).collect())
    }

    /// Writes an item past the transaction that has it.
    async fn write(&self, call: &Call, table: &str, (key, image): &Image) -> Result<(), Cut> {
        let write = match image {
            Some(item) => call.other("PutItem", json!({"TableName": table, "Item": item})),
            None => call.other("DeleteItem", json!({"TableName": table, "Key": attributes_of(key)})),
        };
        let answer = self.engine.forward(&write).await.ok_or(Cut)?;
        assert!(answer.is_done(), "{answer:?}");
        Ok(())
    }
}

fn table_of(transaction: &Value) -> String {
    let action = transaction["TransactItems"][0].as_object().unwrap().values().next().unwrap();
    action["TableName"].as_str().unwrap().to_owned()
}
