//! `/api/organizations/users/associate-customer`, and DELETE on `…/associations`.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Caller, Tenant, account_items, person, tenant};

const ASSOCIATE: &str = "/api/organizations/users/associate-customer";
pub(crate) const LIST: &str = "/api/organizations/users/associations";
pub(crate) const FIELDS: [&str; 2] = ["UserId", "CustomerNumber"];

pub(crate) async fn associate(tenant: &Tenant, user: &str, number: &str) -> Answer {
    tenant.admin.post(ASSOCIATE, &json!({"UserId": user, "CustomerNumber": number})).await
}

/// A tenant with these numbers linked, each to a user of its own; and the rows.
pub(crate) async fn linked(numbers: &[&str]) -> (Tenant, Vec<(String, String)>) {
    let tenant = tenant().await;
    let users = account_items(numbers.len()).await;
    let mut rows = Vec::new();
    for (user, number) in users.into_iter().zip(numbers) {
        associate(&tenant, &user, number).await.ok();
        rows.push((user, (*number).to_owned()));
    }
    (tenant, rows)
}

pub(crate) fn record(tenant: &Tenant, user: &str, number: &str) -> Value {
    json!({"UserId": user, "CustomerNumber": number, "OrganizationId": tenant.id})
}

#[tokio::test]
async fn a_link_is_made_repeated_moved_and_removed() {
    let (tenant, grace) = (tenant().await, person().await);
    for number in [" C-1 ", "C-1", "c-1"] {
        let association = record(&tenant, &grace.id, number.trim());
        let linked = associate(&tenant, &grace.id, number).await.ok();
        assert_eq!(linked, json!({"Association": association}));
        let expected = json!({"Data": [association], "TotalCount": 1, "PageNumber": 1, "PageSize": 25});
        for order in FIELDS {
            assert_eq!(tenant.admin.get(&format!("{LIST}?SortOn={order}")).await.ok(), expected);
        }
    }
    let link = json!({"UserId": grace.id});
    assert_eq!(tenant.admin.delete(LIST, &link).await.ok(), json!({"Success": true}));
    let empty = json!({"Data": [], "TotalCount": 0, "PageNumber": 1, "PageSize": 25});
    for order in FIELDS {
        assert_eq!(tenant.admin.get(&format!("{LIST}?SortOn={order}")).await.ok(), empty);
    }
    tenant.admin.delete(LIST, &link).await.fields(&json!({"UserId": ["has no customer in this organization"]}));

    associate(&tenant, &grace.id, "C-1").await.ok();
    let by_query = tenant.admin.request(Method::DELETE, &format!("{LIST}?UserId={}", grace.id));
    assert_eq!(tenant.admin.send(by_query).await.ok(), json!({"Success": true}));
}

#[tokio::test]
async fn a_user_may_be_named_by_address() {
    let (tenant, grace) = (tenant().await, person().await);
    for number in ["C-1", "C-2"] {
        let body = json!({"UserId": null, "Email": grace.email.to_uppercase(), "CustomerNumber": number});
        let linked = tenant.admin.post(ASSOCIATE, &body).await.ok();
        assert_eq!(linked, json!({"Association": record(&tenant, &grace.id, number)}));
    }
    let nobody = json!({"Email": "nobody@nowhere.example", "CustomerNumber": "C-1"});
    tenant.admin.post(ASSOCIATE, &nobody).await.fields(&json!({"Email": ["has no account"]}));
}

#[tokio::test]
async fn every_bad_field_of_a_link_is_named() {
    let (tenant, grace) = (tenant().await, person().await);
    let cases = [
        (json!({}), json!({"UserId": ["is required"], "CustomerNumber": ["is required"]})),
        (
            json!({"UserId": 1, "CustomerNumber": "x".repeat(65)}),
            json!({"UserId": ["must be a string"], "CustomerNumber": ["must have at most 64 characters"]}),
        ),
        (
            json!({"UserId": "ADMIN#x", "CustomerNumber": "a\u{1f}b"}),
            json!({"UserId": ["is no account's id"], "CustomerNumber": ["must not hold control characters"]}),
        ),
        (
            json!({"UserId": "kp_000000000000000000000000", "CustomerNumber": "C-1"}),
            json!({"UserId": ["is no account's id"]}),
        ),
        (
            json!({"Email": "grace", "CustomerNumber": ""}),
            json!({"Email": ["must be an e-mail address"], "CustomerNumber": ["must have 1 to 64 characters"]}),
        ),
        (json!({"UserId": grace.id}), json!({"CustomerNumber": ["is required"]})),
    ];
    for (body, errors) in cases {
        tenant.admin.post(ASSOCIATE, &body).await.fields(&errors);
    }
    let not_here = json!({"UserId": ["has no customer in this organization"]});
    tenant.admin.delete(LIST, &json!({})).await.fields(&json!({"UserId": ["is required"]}));
    for user in [grace.id.as_str(), "#ORG", ""] {
        tenant.admin.delete(LIST, &json!({"UserId": user})).await.fields(&not_here);
    }
    assert_eq!(tenant.admin.get(LIST).await.ok()["TotalCount"], 0);
}

/// What both orders of the list show, user by user.
async fn shown(tenant: &Tenant) -> [BTreeMap<String, String>; 2] {
    let mut orders = Vec::new();
    for order in FIELDS {
        let answer = tenant.admin.get(&format!("{LIST}?PageSize=1000&SortOn={order}")).await.ok();
        let rows = answer["Data"].as_array().unwrap();
        assert_eq!(answer["TotalCount"], rows.len());
        let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
        let map: BTreeMap<_, _> = rows.iter().map(|row| (text(row, "UserId"), text(row, "CustomerNumber"))).collect();
        assert_eq!(map.len(), rows.len(), "no user twice");
        orders.push(map);
    }
    orders.try_into().unwrap()
}

#[tokio::test]
async fn associations_and_moves_from_sixteen_clients_at_once_are_all_there_in_both_orders() {
    let tenant = tenant().await;
    let users = account_items(240).await;
    let number = |user: usize, move_: usize| format!("C-{:03}", (user * 7 + move_ * 13) % 100);
    let clients = users.chunks(15).enumerate().map(|(client, users)| {
        let tenant = &tenant;
        async move {
            for (place, user) in users.iter().enumerate() {
                let moves = if place % 3 == 0 { 2 } else { 1 };
                for move_ in 0..moves {
                    until_done(tenant, user, &number(client * 15 + place, move_)).await;
                }
            }
        }
    });
    join_all(clients).await;
    let expected: BTreeMap<_, _> = (users.iter().enumerate())
        .map(|(place, user)| (user.clone(), number(place, usize::from(place % 15 % 3 == 0))))
        .collect();
    let [by_user, by_customer] = shown(&tenant).await;
    assert_eq!(by_user, expected);
    assert_eq!(by_customer, expected);
}

/// Associates a user; the only other answer that is allowed asks to try again.
async fn until_done(tenant: &Tenant, user: &str, number: &str) {
    loop {
        let answer = associate(tenant, user, number).await;
        match answer.status {
            200 => return,
            503 => assert!(!answer.header("retry-after").is_empty()),
            _ => panic!("{answer:?}"),
        }
    }
}

#[tokio::test]
async fn one_user_linked_and_unlinked_by_many_at_once_has_one_customer_or_none() {
    let tenant = tenant().await;
    let user = account_items(1).await.remove(0);
    for _ in 0..10 {
        let links = join_all((0..8).map(|number| {
            let (tenant, user) = (&tenant, &user);
            async move {
                let number = format!("C-{number}");
                until_done(tenant, user, &number).await;
            }
        }));
        let link = json!({"UserId": user});
        let unlink = tenant.admin.delete(LIST, &link);
        let (_, unlinked) = futures_util::future::join(links, unlink).await;
        // On a slow engine it may lose to the eight others until its time is up, as each of them may.
        assert!(matches!(unlinked.status, 200 | 400 | 503), "{unlinked:?}");
        let [by_user, by_customer] = shown(&tenant).await;
        assert_eq!(by_user, by_customer);
        assert!(by_user.len() <= 1);
    }
}
