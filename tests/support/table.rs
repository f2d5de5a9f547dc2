//! The table behind the API, for what the API itself can't do: an operator's changes.

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use serde_json::Value;
use shared::dynamo;

use super::server;

pub(crate) fn dynamodb() -> Client {
    Client::from_conf(dynamo::Table::client_config(Some(&server().dynamodb_url)).build())
}

pub(crate) async fn put_item(item: Value) {
    let item = serde_dynamo::to_item(item).unwrap();
    dynamodb().put_item().table_name(&server().table).set_item(Some(item)).send().await.unwrap();
}

pub(crate) async fn delete_item(pk: String, sk: &str) {
    let call = dynamodb().delete_item().table_name(&server().table);
    call.key("pk", AttributeValue::S(pk)).key("sk", AttributeValue::S(sk.to_owned())).send().await.unwrap();
}

/// So many accounts without a password, put straight into the table; their ids. (An association asks that the account
/// exists, and a password's hash takes longer than the rest of a test.)
pub(crate) async fn account_items(count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..count {
        let id = shared::ids::UserId::random().to_string();
        put_item(serde_json::json!({"pk": format!("USER#{id}"), "sk": "USER", "entity": "account", "user_id": id}))
            .await;
        ids.push(id);
    }
    ids
}
