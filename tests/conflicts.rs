//! The conflict proxy itself: it refuses what AWS refuses, at the right place, and lets the rest through.

use aws_sdk_dynamodb::{
    Client,
    config::retry::RetryConfig,
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, Put, TransactWriteItem},
};
use futures_util::future::join_all;
use local::Bundle;
use shared::dynamo;

use crate::support::{server, unique};

async fn through_the_proxy() -> Client {
    let proxy = faults::conflicts::proxy(server().dynamodb_url.clone()).await;
    Client::from_conf(dynamo::Table::client_config(Some(&proxy)).retry_config(RetryConfig::disabled()).build())
}

fn put(pk: &str) -> TransactWriteItem {
    let put = Put::builder().table_name(Bundle::TABLE);
    let put = put.item("pk", AttributeValue::S(pk.to_owned())).item("sk", AttributeValue::S("x".to_owned()));
    TransactWriteItem::builder().put(put.build().unwrap()).build()
}

#[tokio::test]
async fn transactions_on_one_item_at_once_conflict_at_its_place() {
    let client = through_the_proxy().await;
    let shared = unique("shared");
    let own: Vec<_> = (0..8).map(|_| unique("own")).collect();
    let calls = own
        .iter()
        .map(|own| client.transact_write_items().set_transact_items(Some(vec![put(own), put(&shared)])).send());
    let (mut done, mut conflicts) = (0, 0);
    for outcome in join_all(calls).await {
        match outcome {
            Ok(_) => done += 1,
            Err(error) => match error.as_service_error().unwrap() {
                TransactWriteItemsError::TransactionCanceledException(cancelled) => {
                    let codes: Vec<_> =
                        cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap()).collect();
                    assert_eq!(codes, ["None", "TransactionConflict"]);
                    conflicts += 1;
                }
                error => panic!("{error:?}"),
            },
        }
    }
    assert_eq!(done + conflicts, 8);
    assert!(done >= 1 && conflicts >= 1, "{done} done, {conflicts} conflicts");
}

#[tokio::test]
async fn a_plain_write_to_an_item_of_a_transaction_is_refused_and_other_items_are_free() {
    let client = through_the_proxy().await;
    let mut refused = 0;
    for _ in 0..20 {
        let (taken, free) = (unique("taken"), unique("free"));
        let transaction = client.transact_write_items().transact_items(put(&taken)).send();
        let write = |pk: &str| {
            let item = client.put_item().table_name(Bundle::TABLE).item("pk", AttributeValue::S(pk.to_owned()));
            item.item("sk", AttributeValue::S("x".to_owned())).send()
        };
        let (transaction, on_taken, on_free) = tokio::join!(transaction, write(&taken), write(&free));
        transaction.unwrap();
        on_free.unwrap();
        if let Err(error) = on_taken {
            assert!(error.as_service_error().unwrap().is_transaction_conflict_exception(), "{error:?}");
            refused += 1;
        }
    }
    assert!(refused > 0);
}
