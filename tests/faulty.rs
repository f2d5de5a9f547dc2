//! The faulty proxy itself: each fault is as AWS's or a network's, and is counted.

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    config::retry::RetryConfig,
    error::ProvideErrorMetadata,
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, Delete, KeysAndAttributes, Put, Select, TransactWriteItem},
};
use faults::{FaultKind, Faults, Plan};
use local::Bundle;
use shared::dynamo;

use crate::support::{dynamodb, server, unique};

const SEED: u64 = 7;

/// A client whose every call meets this fault, and the proxy.
async fn always(kind: FaultKind) -> (Client, Faults) {
    let proxy = Faults::start(server().dynamodb_url.clone(), Plan::always(kind, SEED)).await;
    let config = dynamo::Table::client_config(Some(&proxy.url())).retry_config(RetryConfig::disabled());
    (Client::from_conf(config.build()), proxy)
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

async fn put(client: &Client, pk: &str, sk: &str) -> Result<(), String> {
    let put = client.put_item().table_name(Bundle::TABLE).item("pk", text(pk)).item("sk", text(sk));
    put.send().await.map(drop).map_err(|error| error.code().unwrap_or("cut").to_owned())
}

/// The sort keys of a partition, read past the proxy.
async fn stored(pk: &str) -> Vec<String> {
    let query = dynamodb().query().table_name(Bundle::TABLE).key_condition_expression("pk = :pk").consistent_read(true);
    let items = query.expression_attribute_values(":pk", text(pk)).send().await.unwrap().items.unwrap();
    items.into_iter().map(|item| item["sk"].as_s().unwrap().clone()).collect()
}

/// Moves an item from `from` to `to`, in one transaction.
async fn rename(client: &Client, pk: &str, from: &str, to: &str) -> Result<(), TransactWriteItemsError> {
    let deletion = Delete::builder().table_name(Bundle::TABLE).key("pk", text(pk)).key("sk", text(from));
    let addition = Put::builder().table_name(Bundle::TABLE).item("pk", text(pk)).item("sk", text(to));
    let transaction = client
        .transact_write_items()
        .transact_items(TransactWriteItem::builder().delete(deletion.build().unwrap()).build())
        .transact_items(TransactWriteItem::builder().put(addition.build().unwrap()).build());
    transaction.send().await.map(drop).map_err(aws_sdk_dynamodb::error::SdkError::into_service_error)
}

#[tokio::test]
async fn what_is_throttled_refused_or_cut_before_it_is_done_is_not_done() {
    for (kind, codes) in [
        (FaultKind::Throttled, &["ThrottlingException", "ProvisionedThroughputExceededException"][..]),
        (FaultKind::ServerError, &["InternalServerError", "ServiceUnavailable"]),
        (FaultKind::CutBefore, &["cut"]),
    ] {
        let ((client, proxy), pk) = (always(kind).await, unique("before"));
        for call in 0..8 {
            let code = put(&client, &pk, &call.to_string()).await.unwrap_err();
            assert!(codes.contains(&&*code), "{kind:?}: {code}");
        }
        assert_eq!(stored(&pk).await, Vec::<String>::new(), "{kind:?}");
        assert_eq!(proxy.plan().met()[&kind], 8);
        assert_eq!(proxy.plan().calls(), 8);
    }
}

#[tokio::test]
async fn what_is_done_and_unheard_is_done_although_its_caller_hears_of_a_failure() {
    for (kind, code) in [(FaultKind::DoneButUnheard, "cut"), (FaultKind::DoneButServerError, "InternalServerError")] {
        let ((client, _), pk) = (always(kind).await, unique("after"));
        assert_eq!(put(&client, &pk, "x").await, Err(code.to_owned()));
        assert_eq!(stored(&pk).await, ["x"], "{kind:?}");
    }
}

#[tokio::test]
async fn what_arrives_late_is_done_after_its_caller_heard_of_a_failure() {
    let ((client, proxy), pk) = (always(FaultKind::LateArrival).await, unique("late"));
    for call in 0..4 {
        put(&client, &pk, &call.to_string()).await.unwrap_err();
    }
    assert!(stored(&pk).await.len() < 4);
    proxy.settled().await;
    assert_eq!(stored(&pk).await, ["0", "1", "2", "3"]);
}

#[tokio::test]
async fn a_throttled_transaction_says_so_as_a_whole_or_at_one_of_its_items() {
    let ((client, _), pk) = (always(FaultKind::Throttled).await, unique("throttled"));
    let (mut whole, mut at_an_item) = (0, 0);
    for _ in 0..24 {
        let error = rename(&client, &pk, "a", "b").await.unwrap_err();
        match error {
            TransactWriteItemsError::TransactionCanceledException(cancelled) => {
                let reasons = cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap());
                let mut throttled: Vec<_> = reasons.filter(|code| *code != "None").collect();
                let code = throttled.pop().unwrap();
                assert!(matches!(code, "ThrottlingError" | "ProvisionedThroughputExceeded"), "{code}");
                assert_eq!(throttled, Vec::<&str>::new());
                at_an_item += 1;
            }
            _ => whole += 1,
        }
    }
    assert!(whole > 0 && at_an_item > 0, "{whole}, {at_an_item}");
}

#[tokio::test]
async fn a_short_page_says_where_to_go_on_and_nothing_is_left_out() {
    let ((client, proxy), pk) = (always(FaultKind::ShortPage).await, unique("pages"));
    let all: Vec<_> = ('a'..='z').map(String::from).collect();
    for sk in &all {
        put(&dynamodb(), &pk, sk).await.unwrap();
    }
    for limit in [None, Some(20)] {
        let (mut found, mut counted, mut start, mut pages) = (Vec::new(), 0, None, 0);
        loop {
            let query = client.query().table_name(Bundle::TABLE).set_limit(limit).key_condition_expression("pk = :pk");
            let query = query.expression_attribute_values(":pk", text(&pk)).set_exclusive_start_key(start.clone());
            let counting = query.clone().select(Select::Count);
            let page = query.send().await.unwrap();
            found.extend(page.items.unwrap().into_iter().map(|item| item["sk"].as_s().unwrap().clone()));
            counted = counted.max(counting.send().await.unwrap().count);
            pages += 1;
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        assert_eq!(found, all);
        assert!(counted <= 8 && pages > 3, "{counted} of 26 on one page, {pages} pages");
    }
    assert!(proxy.plan().met()[&FaultKind::ShortPage] > 0);
}

#[tokio::test]
async fn a_batch_of_reads_leaves_keys_out_and_names_them() {
    let ((client, _), pk) = (always(FaultKind::UnprocessedKeys).await, unique("batch"));
    for sk in ["a", "b", "c"] {
        put(&dynamodb(), &pk, sk).await.unwrap();
    }
    let key = |sk: &str| [("pk".to_owned(), text(&pk)), ("sk".to_owned(), text(sk))].into();
    let keys = KeysAndAttributes::builder().set_keys(Some(["a", "b", "c"].map(key).to_vec())).consistent_read(true);
    let answer = client.batch_get_item().request_items(Bundle::TABLE, keys.build().unwrap()).send().await.unwrap();
    let found = answer.responses.unwrap()[Bundle::TABLE].len();
    let left = &answer.unprocessed_keys.unwrap()[Bundle::TABLE];
    assert!(found > 0 && !left.keys().is_empty());
    assert_eq!(found + left.keys().len(), 3);
    assert_eq!(left.consistent_read(), Some(true));
}

#[tokio::test]
async fn a_half_seen_commit_is_whole_in_the_end_and_no_item_becomes_old_again() {
    let ((client, _), pk) = (always(FaultKind::HalfSeen).await, unique("half"));
    put(&dynamodb(), &pk, "0").await.unwrap();
    let mut halves = 0;
    for turn in 0..12 {
        let (from, to) = (turn.to_string(), (turn + 1).to_string());
        let renaming = tokio::spawn({
            let (client, pk, from, to) = (client.clone(), pk.clone(), from.clone(), to.clone());
            async move { rename(&client, &pk, &from, &to).await }
        });
        let mut seen = Vec::new();
        while !renaming.is_finished() {
            let query = client.query().table_name(Bundle::TABLE).key_condition_expression("pk = :pk");
            let query = query.expression_attribute_values(":pk", text(&pk)).consistent_read(true);
            let items = query.send().await.unwrap().items.unwrap();
            seen.push(items.into_iter().map(|item| item["sk"].as_s().unwrap().clone()).collect::<Vec<_>>());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        renaming.await.unwrap().unwrap();
        seen.dedup();
        let (old, new) = (vec![from.clone()], vec![to.clone()]);
        let half = seen.iter().filter(|keys| **keys != old && **keys != new).count();
        halves += half;
        // Old, perhaps one half, and new: nothing comes back.
        assert!(seen.len() <= 3 && half <= 1, "{seen:?}");
        assert_eq!(stored(&pk).await, [to]);
    }
    assert!(halves > 4, "readers saw {halves} halves of 12");
}
