//! Logs the IAM actions that each call of the table needs, with the partitions it touches. A test derives each
//! function's policy from these events. IAM has no action for `TransactWriteItems` and `TransactGetItems`, only for
//! their parts
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html>).

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::{
    operation::{
        batch_get_item::BatchGetItemInput, delete_item::DeleteItemInput, get_item::GetItemInput,
        put_item::PutItemInput, query::QueryInput, transact_get_items::TransactGetItemsInput,
        transact_write_items::TransactWriteItemsInput, update_item::UpdateItemInput,
    },
    types::AttributeValue,
};
use aws_smithy_runtime_api::client::interceptors::context::Input;

use crate::commit::VOID_TOKENS;

type Attributes = Option<HashMap<String, AttributeValue>>;

/// The target of these log events. The test that derives the policies asks for it by this name, wherever the module is.
const TARGET: &str = "iam";

/// Logs what a call needs, at the level `trace`.
pub(crate) fn trace(input: &Input) {
    if !tracing::enabled!(target: TARGET, tracing::Level::TRACE) {
        return;
    }
    for (action, partitions) in needs(input) {
        tracing::trace!(target: TARGET, action, partitions, "access");
    }
}

fn needs(input: &Input) -> BTreeSet<(&'static str, String)> {
    let mut needs = BTreeSet::new();
    let mut need = |action, value: Option<&AttributeValue>| {
        if let Some(AttributeValue::S(partition)) = value {
            needs.insert((action, partition.clone()));
        }
    };
    let key = |attributes: &Attributes| attributes.as_ref().and_then(|key| key.get("pk").cloned());
    if let Some(input) = input.downcast_ref::<GetItemInput>() {
        need("dynamodb:GetItem", key(&input.key).as_ref());
    } else if let Some(input) = input.downcast_ref::<QueryInput>() {
        need("dynamodb:Query", input.expression_attribute_values.as_ref().and_then(|values| values.get(":pk")));
    } else if let Some(input) = input.downcast_ref::<PutItemInput>() {
        need("dynamodb:PutItem", key(&input.item).as_ref());
    } else if let Some(input) = input.downcast_ref::<UpdateItemInput>() {
        need("dynamodb:UpdateItem", key(&input.key).as_ref());
    } else if let Some(input) = input.downcast_ref::<DeleteItemInput>() {
        need("dynamodb:DeleteItem", key(&input.key).as_ref());
    } else if let Some(input) = input.downcast_ref::<BatchGetItemInput>() {
        for key in input.request_items.iter().flat_map(HashMap::values).flat_map(|request| &request.keys) {
            need("dynamodb:BatchGetItem", key.get("pk"));
        }
    } else if let Some(input) = input.downcast_ref::<TransactGetItemsInput>() {
        for part in input.transact_items.iter().flatten() {
            need("dynamodb:GetItem", part.get().and_then(|get| get.key.get("pk")));
        }
    } else if let Some(input) = input.downcast_ref::<TransactWriteItemsInput>() {
        // A function that commits transactions may have to void one. The traced suite has no faults, so it never does.
        need("dynamodb:ConditionCheckItem", Some(&AttributeValue::S(VOID_TOKENS.to_owned())));
        for part in input.transact_items.iter().flatten() {
            need("dynamodb:PutItem", part.put().and_then(|put| put.item.get("pk")));
            need("dynamodb:UpdateItem", part.update().and_then(|update| update.key.get("pk")));
            need("dynamodb:DeleteItem", part.delete().and_then(|delete| delete.key.get("pk")));
            need("dynamodb:ConditionCheckItem", part.condition_check().and_then(|check| check.key.get("pk")));
        }
    }
    needs
}
