//! The caller's own account: tagged by what its owner sees.

use std::pin::pin;

use serde_json::{Value, json};

use super::{Condition, ME, if_match, patch, tag_of};
use crate::support::{Anonymous, Caller, Gated, PASSWORD, link_token, mails_to, person};

#[tokio::test]
async fn an_accounts_tag_is_of_what_its_owner_sees() {
    let user = person().await.signed_in().await;
    let first = tag_of(&user, ME).await;
    let mut tags = vec![first.clone()];
    for change in [
        json!({"FirstName": "Amazing"}),
        json!({"LastName": "Murray"}),
        json!({"PhoneNumber": "+1 555 0100"}),
        json!({"PhoneNumber": "+1 555 0101"}),
        json!({"PhoneNumber": null}),
        json!({"FirstName": "Ada", "LastName": "Lovelace", "PhoneNumber": "+1 555 0102"}),
    ] {
        let changed = patch(&user, ME, if_match(tags.last().unwrap()), &change).await;
        let tag = changed.header("etag").to_owned();
        assert_eq!((changed.status, tag_of(&user, ME).await), (200, tag.clone()), "{change}");
        if change != json!({"PhoneNumber": null}) {
            assert!(!tags.contains(&tag), "{change}");
        }
        tags.push(tag);
    }
    assert_eq!(tags[5], tags[2], "what is shown is as it was before there was a number");
    let phone = patch(&user, ME, if_match(&tags[6]), &json!({"PhoneNumber": "+1 555 0103"})).await;
    assert_eq!((phone.status, phone.round_trips()), (200, 2));
    let nothing = patch(&user, ME, if_match(phone.header("etag")), &json!({})).await;
    assert_eq!((nothing.status, nothing.round_trips(), nothing.header("etag")), (200, 1, phone.header("etag")));
    let stale = "The account was changed since the version that If-Match names.";
    patch(&user, ME, if_match(&first), &json!({})).await.problem(412, stale);
    patch(&user, ME, if_match(&first), &json!({"Email": "other@person.example"})).await.problem(412, stale);
    patch(&user, ME, if_match(&first), &json!({"FirstName": null})).await.fields(&json!({
        "FirstName": ["can't be removed"],
    }));
}

#[tokio::test]
async fn a_proof_of_its_address_changes_an_accounts_tag() {
    let grace = person().await;
    let before = tag_of(&grace.signed_in().await, ME).await;
    assert_eq!(Anonymous.post("/api/auth/forgot-password", &json!({"Email": grace.email})).await.status, 202);
    let link = link_token(&mails_to(&grace.email, 1).await[0]);
    Anonymous.post("/api/auth/reset-password", &json!({"Token": link, "Password": PASSWORD})).await.ok();

    let user = grace.signed_in().await;
    let shown = user.get(ME).await;
    let after = shown.header("etag").to_owned();
    assert!(after != before && shown.ok()["EmailVerified"] == true);
    let change = json!({"FirstName": "Amazing"});
    let stale = "The account was changed since the version that If-Match names.";
    patch(&user, ME, if_match(&before), &change).await.problem(412, stale);
    assert_eq!(patch(&user, ME, if_match(&after), &change).await.ok()["FirstName"], "Amazing");
}

#[tokio::test]
async fn an_account_that_changes_before_a_change_of_it_commits_is_asked_for_its_version_again() {
    let gated = Gated::start().await;
    let (user, _) = gated.sign_in(&gated.person().await, None).await;
    let held_change = async |condition: Condition<'_>, body: &Value, meanwhile: &Value| {
        let mut held = gated.gate.hold(|call| call.is("TransactWriteItems", "USER#"));
        let mut change = pin!(patch(&user, ME, condition, body));
        tokio::select! {
            () = held.arrived() => {}
            answer = &mut change => panic!("{answer:?}"),
        }
        assert_eq!(user.patch(ME, meanwhile).await.status, 200);
        held.release();
        change.await
    };
    let (name, phone) = (json!({"LastName": "Murray"}), json!({"PhoneNumber": "+1 555 0100"}));
    let tag = tag_of(&user, ME).await;
    let refused = held_change(if_match(&tag), &name, &phone).await;
    refused.problem(412, "The account was changed since the version that If-Match names.");
    let shown = user.get(ME).await.ok();
    assert_eq!((&shown["LastName"], &shown["PhoneNumber"]), (&json!("Hopper"), &phone["PhoneNumber"]));
    // Any version will do, and what the other change made stays.
    let made = held_change(if_match("*"), &name, &json!({"FirstName": "Amazing"})).await;
    let (tag, made) = (made.header("etag").to_owned(), made.ok());
    let all = [("FirstName", "Amazing"), ("LastName", "Murray"), ("PhoneNumber", "+1 555 0100")];
    assert!(all.iter().all(|(name, value)| made[*name] == *value), "{made}");
    assert_eq!((tag_of(&user, ME).await, user.get(ME).await.ok()), (tag, made));
}
