//! The table behind the API, for what the API itself can't do: an operator's changes.

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use reqwest::Client as HttpClient;
use serde_json::{Value, json};
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
    account_items_at(&server().dynamodb_url, &server().table, count).await
}

/// The accounts of [`account_items`], in the table of another bundle.
pub(crate) async fn account_items_at(dynamodb_url: &str, table: &str, count: usize) -> Vec<String> {
    let client = Client::from_conf(dynamo::Table::client_config(Some(dynamodb_url)).build());
    let mut ids = Vec::new();
    for _ in 0..count {
        let id = shared::ids::UserId::random().to_string();
        let email = format!("{id}@bulk.example");
        let item =
            json!({"pk": format!("USER#{id}"), "sk": "USER", "entity": "account", "user_id": id, "email": email});
        let item = serde_dynamo::to_item(item).unwrap();
        client.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
        ids.push(id);
    }
    ids
}

/// What the engine at this address answers to a call whose body is as DynamoDB has it on the wire. An engine of a test
/// checks no signature, but asks for one.
pub(crate) async fn engine_call(url: &str, operation: &str, body: &Value) -> Value {
    let signature = "AWS4-HMAC-SHA256 Credential=local/20260101/eu-central-1/dynamodb/aws4_request, \
                     SignedHeaders=host;x-amz-date, Signature=0";
    let call = HttpClient::new().post(url).header("x-amz-target", format!("DynamoDB_20120810.{operation}"));
    let call = call.header("authorization", signature).header("x-amz-date", "20260101T000000Z");
    let answer = call.header("content-type", "application/x-amz-json-1.0").body(body.to_string()).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{operation} {body}: {answer:?}");
    answer.json().await.unwrap()
}
