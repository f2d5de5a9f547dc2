//! Customers: created only, replaced and removed in one version, and tagged with their tier.

use std::pin::pin;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use super::{
    BY_QUERY, CUSTOMER, CUSTOMERS, FOUND_CUSTOMER, STALE_CUSTOMER, TIERS, call, customer, get, if_match, if_none_match,
    patch, put, tag_of, with_customer, with_tiers,
};
use crate::support::{Caller, Gated, tenant};

#[tokio::test]
async fn a_put_on_condition_that_nothing_is_there_only_creates() {
    let admin = tenant().await.admin;
    with_tiers(&admin).await;
    for tags in ["*", "\"x\""] {
        put(&admin, if_match(tags), &customer("Acme", "Gold")).await.problem(412, STALE_CUSTOMER);
    }
    admin.get(CUSTOMER).await.problem(404, "This organization has no such customer.");

    let bodies: Vec<_> = (0..10).map(|n| customer(&format!("Caller {n}"), "Gold")).collect();
    let answers = join_all(bodies.iter().map(|body| put(&admin, if_none_match("*"), body))).await;
    let (created, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((created.len(), refused.len()), (1, 9), "{answers:?}");
    for answer in refused {
        answer.problem(412, FOUND_CUSTOMER);
    }
    let viewed = admin.get(CUSTOMER).await;
    assert_eq!(viewed.header("etag"), created[0].header("etag"));
    assert_eq!(viewed.ok(), created[0].json());
    let silver = put(&admin, if_none_match("*"), &customer("Late", "Silver")).await;
    silver.problem(412, FOUND_CUSTOMER);
    assert_eq!(admin.get(CUSTOMER).await.ok(), created[0].json());
}

#[tokio::test]
async fn a_customer_is_replaced_and_removed_in_the_version_that_is_named_alone() {
    let admin = with_customer().await.admin;
    let (tag, shown) = (tag_of(&admin, CUSTOMER).await, admin.get(CUSTOMER).await.ok());
    for tags in ["\"x\"".to_owned(), format!("W/{tag}")] {
        put(&admin, if_match(&tags), &customer("Never", "Silver")).await.problem(412, STALE_CUSTOMER);
        for path in [CUSTOMER, BY_QUERY] {
            call(&admin, Method::DELETE, path, &[if_match(&tags)], None).await.problem(412, STALE_CUSTOMER);
        }
    }
    for tags in ["*", &tag, &format!("W/{tag}")] {
        put(&admin, if_none_match(tags), &customer("Never", "Silver")).await.problem(412, FOUND_CUSTOMER);
        for path in [CUSTOMER, BY_QUERY] {
            call(&admin, Method::DELETE, path, &[if_none_match(tags)], None).await.problem(412, FOUND_CUSTOMER);
        }
    }
    assert_eq!((tag_of(&admin, CUSTOMER).await, admin.get(CUSTOMER).await.ok()), (tag.clone(), shown));

    let moved = put(&admin, if_match(&tag), &customer("Moved", "Silver")).await;
    let new = moved.header("etag").to_owned();
    assert_eq!((moved.status, moved.round_trips(), tag_of(&admin, BY_QUERY).await), (200, 2, new.clone()));
    put(&admin, if_match(&tag), &customer("Never", "Gold")).await.problem(412, STALE_CUSTOMER);
    let again = put(&admin, if_match(&new), &customer("Moved", "Silver")).await;
    let (same, new) = (new, again.header("etag").to_owned());
    assert!(again.status == 200 && new != same, "a write makes a version, whatever it writes: {again:?}");

    let condition = [if_match(&new)];
    let removals = (0..10).map(|_| call(&admin, Method::DELETE, CUSTOMER, &condition, None));
    let mut removals = join_all(removals).await;
    removals.sort_by_key(|answer| answer.status);
    assert_eq!((removals[0].status, removals[0].round_trips()), (200, 2), "{removals:?}");
    for removal in &removals[1..] {
        removal.problem(404, "This organization has no such customer.");
    }
    // The tiers' counts are right.
    for tier in ["Gold", "Silver"] {
        assert_eq!(admin.delete(TIERS, &json!({"Name": tier})).await.status, 200);
    }
}

#[tokio::test]
async fn what_is_not_there_is_404_whatever_the_conditions() {
    let admin = tenant().await.admin;
    let none = "This organization has no such customer.";
    for condition in [if_match("*"), if_match("\"x\""), if_none_match("*"), if_none_match("\"x\"")] {
        for path in [CUSTOMER, BY_QUERY] {
            get(&admin, path, condition).await.problem(404, none);
            patch(&admin, path, condition, &json!({"CompanyName": "Acme"})).await.problem(404, none);
            call(&admin, Method::DELETE, path, &[condition], None).await.problem(404, none);
        }
    }
}

#[tokio::test]
async fn a_customers_tag_changes_with_its_tier() {
    let admin = with_customer().await.admin;
    let mut tags = vec![tag_of(&admin, CUSTOMER).await];
    for change in [
        json!({"Name": "Gold", "NewName": "Staff"}),
        json!({"Name": "Staff", "CurrencyCode": "CHF"}),
        json!({"Name": "Staff", "NewName": "Gold", "CurrencyCode": "EUR"}),
    ] {
        assert_eq!(admin.patch(TIERS, &change).await.status, 200);
        let (stale, tag) = (tags.last().unwrap().clone(), tag_of(&admin, CUSTOMER).await);
        assert!(!tags.contains(&tag), "{change}");
        let seen = get(&admin, CUSTOMER, if_none_match(&stale)).await;
        assert_eq!((seen.status, seen.header("etag")), (200, tag.as_str()));
        let body = json!({"CompanyName": "Never"});
        patch(&admin, CUSTOMER, if_match(&stale), &body).await.problem(412, STALE_CUSTOMER);
        put(&admin, if_match(&stale), &customer("Never", "Silver")).await.problem(412, STALE_CUSTOMER);
        call(&admin, Method::DELETE, CUSTOMER, &[if_match(&stale)], None).await.problem(412, STALE_CUSTOMER);
        tags.push(tag);
    }
    // Another tier's changes are none of its own.
    assert_eq!(admin.patch(TIERS, &json!({"Name": "Silver", "NewName": "Bronze"})).await.status, 200);
    assert_eq!(tag_of(&admin, CUSTOMER).await, tags[3]);
    put(&admin, if_match(&tags[3]), &customer("Moved", "Bronze")).await.ok();
}

/// A tier that is renamed after a change has read it, and before the change commits, isn't the one that the caller saw.
#[tokio::test]
async fn a_change_that_names_a_version_is_refused_where_the_tier_changes_before_it_commits() {
    let gated = Gated::start().await;
    let admin = gated.tenant().await.admin;
    with_tiers(&admin).await;
    admin.send(admin.request(Method::PUT, CUSTOMERS).json(&customer("Acme", "Gold"))).await.ok();
    let mut name = "Gold";
    let changes = [
        (Method::PUT, CUSTOMERS, Some(customer("Never", "Silver"))),
        (Method::PATCH, CUSTOMER, Some(json!({"CompanyName": "Never"}))),
        (Method::PATCH, CUSTOMER, Some(json!({"Pricing": "Silver"}))),
        (Method::DELETE, CUSTOMER, None),
    ];
    for (number, (method, path, body)) in changes.into_iter().enumerate() {
        let tag = tag_of(&admin, CUSTOMER).await;
        let mut held = gated.gate.hold(|call| call.is("TransactWriteItems", "C-1"));
        let conditions = [if_match(&tag)];
        let mut change = pin!(call(&admin, method, path, &conditions, body.as_ref()));
        tokio::select! {
            () = held.arrived() => {}
            answer = &mut change => panic!("{answer:?}"),
        }
        let renamed = ["Staff", "Gold"][number % 2];
        assert_eq!(admin.patch(TIERS, &json!({"Name": name, "NewName": renamed})).await.status, 200);
        name = renamed;
        held.release();
        change.await.problem(412, STALE_CUSTOMER);
        let shown = admin.get(CUSTOMER).await.ok();
        assert_eq!((&shown["CompanyName"], &shown["Pricing"]), (&json!("Acme"), &json!(name)));
    }
}
