//! The note of a credential's last use.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use shared::{
    dynamo,
    ids::{ClientId, OrganizationId},
    table::Table,
};

use crate::support::{Caller, Operator, Tenant, dynamodb, server, tenant, unique};

use super::{ADMINS, API_ACCESS, Key, TIERS, machine};

async fn last_used(tenant: &Tenant, id: &str) -> Value {
    let listed = tenant.admin.get(API_ACCESS).await.ok();
    listed.as_array().unwrap().iter().find(|machine| machine["ClientId"] == id).unwrap()["LastUsedAt"].clone()
}

#[tokio::test]
async fn the_last_use_is_noted_at_most_once_a_minute() {
    let tenant = tenant().await;
    let (by_key, by_token, unused) = (machine(&tenant).await, machine(&tenant).await, machine(&tenant).await);
    by_key.key.get(TIERS).await;
    // A sign-in is a use.
    by_token.signed_in(&tenant).await;
    let used = last_used(&tenant, &by_key.id).await;
    assert!(used.is_string() && last_used(&tenant, &by_token.id).await.is_string());
    assert_eq!(last_used(&tenant, &unused.id).await, Value::Null);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    by_key.key.get(TIERS).await;
    assert_eq!(last_used(&tenant, &by_key.id).await, used, "not again within the minute");
}

#[tokio::test]
async fn another_process_notes_no_use_within_the_minute_either() {
    let tenant = tenant().await;
    let machine = machine(&tenant).await;
    let (organization, client) = (OrganizationId::parse(&tenant.id).unwrap(), ClientId::parse(&machine.id).unwrap());
    let note = async || {
        // What a process remembers of its own writes is with its handle of the table.
        let table = Table::new(dynamo::Table::new(dynamodb(), &server().table));
        table.record_machine_use(&organization, &client).await.unwrap();
    };
    note().await;
    let used = last_used(&tenant, &machine.id).await;
    assert!(used.is_string());
    tokio::time::sleep(Duration::from_millis(1100)).await;
    note().await;
    assert_eq!(last_used(&tenant, &machine.id).await, used);
}

#[tokio::test]
async fn a_use_is_noted_of_nobody_without_the_secret() {
    let tenant = tenant().await;
    let machine = machine(&tenant).await;
    let Key(key) = &machine.key;
    let last = if key.ends_with('0') { '1' } else { '0' };
    Key(format!("{}{last}", &key[..key.len() - 1])).get(TIERS).await;
    assert_eq!(last_used(&tenant, &machine.id).await, Value::Null);
}

#[tokio::test]
async fn a_revoked_key_is_not_brought_back_by_a_late_note_of_its_use() {
    let tenant = tenant().await;
    for _ in 0..10 {
        let machine = machine(&tenant).await;
        let revoke = json!({"ClientId": machine.id});
        let calls = async { join_all((0..8).map(|_| machine.key.get(TIERS))).await };
        let (_, revoked) = tokio::join!(calls, tenant.admin.delete(API_ACCESS, &revoke));
        revoked.ok();
        assert_eq!(machine.key.get(TIERS).await.status, 401);
    }
    assert_eq!(tenant.admin.get(API_ACCESS).await.ok(), json!([]));
}

#[tokio::test]
async fn a_use_is_noted_wherever_it_is() {
    let tenant = tenant().await;
    Operator.subscribe(&tenant.id, "growth").await;
    for path in [
        "/api/organization",
        ADMINS,
        TIERS,
        API_ACCESS,
        "/api/organizations/users/associations",
        "/api/customers?CustomerNumber=C-1",
    ] {
        if path.starts_with("/api/customers") {
            assert_eq!(tenant.admin.post(TIERS, &json!({"Name": "Gold", "CurrencyCode": "EUR"})).await.status, 200);
            let customer = json!({"CustomerNumber": "C-1", "CompanyName": "A", "Pricing": "Gold"});
            tenant.admin.send(tenant.admin.request(Method::PUT, "/api/customers").json(&customer)).await.ok();
        }
        let machine = machine(&tenant).await;
        machine.key.get(path).await.ok();
        assert!(last_used(&tenant, &machine.id).await.is_string(), "{path}");
    }
    let machine = machine(&tenant).await;
    let email = format!("{}@person.example", unique("grace"));
    machine.key.post("/api/users", &json!({"FirstName": "A", "LastName": "B", "Email": email})).await.ok();
    assert!(last_used(&tenant, &machine.id).await.is_string(), "an invitation");
}
