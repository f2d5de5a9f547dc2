//! What readers of price tiers and customers see while a tier changes: what was true at one moment, and nothing else.

use std::{
    pin::pin,
    sync::{Arc, Mutex},
};

use faults::gate::Held;
use futures_util::future::join_all;
use local::Bundle;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Caller, Elsewhere, Gated, claims_of, engine_call, tenant};

const TIERS: &str = "/api/organizations/price-tiers";
const CUSTOMER: &str = "/api/customers/C-1";
const NO_TIER: &str = "is no price tier of this organization";

/// An organization with the tiers Gold (EUR) and Silver (USD), and one customer, C-1, for which somebody buys.
struct Shop {
    gated: Gated,
    admin: Elsewhere,
    buyer: Elsewhere,
    code: String,
}

impl Shop {
    async fn with_customer_on(tier: &str) -> Self {
        let gated = Gated::start().await;
        let (tenant, email) = (gated.tenant().await, gated.person().await);
        let (buyer, _) = gated.sign_in(&email, None).await;
        let shop = Self { gated, admin: tenant.admin, buyer, code: tenant.code };
        for (name, currency) in [("Gold", "EUR"), ("Silver", "USD")] {
            done(&shop.admin.post(TIERS, &json!({"Name": name, "CurrencyCode": currency})).await);
        }
        shop.put("C-1", tier).await.ok();
        let link = json!({"Email": email, "CustomerNumber": "C-1"});
        shop.admin.post("/api/organizations/users/associate-customer", &link).await.ok();
        shop
    }

    async fn put(&self, number: &str, tier: &str) -> Answer {
        let body = json!({"CustomerNumber": number, "CompanyName": "Acme Retail", "Pricing": tier});
        self.admin.send(self.admin.request(Method::PUT, "/api/customers").json(&body)).await
    }

    async fn rename(&self, old: &str, new: &str, currency: &str) -> Answer {
        let body = json!({"OldName": old, "NewName": new, "CurrencyCode": currency});
        self.admin.send(self.admin.request(Method::PUT, TIERS).json(&body)).await
    }

    /// The names of the tiers, as they are listed.
    async fn names(&self) -> Vec<String> {
        let tiers = self.admin.get(TIERS).await.ok();
        tiers.as_array().unwrap().iter().map(|tier| tier["Name"].as_str().unwrap().to_owned()).collect()
    }

    /// The customer's tier and currency, as they are viewed.
    async fn viewed(&self) -> (Value, Value) {
        let customer = self.admin.get(CUSTOMER).await.ok();
        (customer["Pricing"].clone(), customer["CurrencyCode"].clone())
    }

    /// The customer's tier and currency in a new token of who buys for it.
    async fn in_token(&self) -> (Value, Value) {
        let access = self.buyer.post("/api/auth/access", &json!({"OrgCode": self.code})).await.ok();
        let claims = claims_of(access["AccessToken"].as_str().unwrap());
        (claims["PriceTier"].clone(), claims["CurrencyCode"].clone())
    }
}

#[track_caller]
fn done(answer: &Answer) {
    assert_eq!((answer.status, answer.text.as_str()), (200, ""), "{answer:?}");
}

fn priced(tier: &str, currency: &str) -> (Value, Value) {
    (json!(tier), json!(currency))
}

/// What `read` returns where `changes` happen between its two reads. The first is answered before, and the second reaches
/// the engine after them.
async fn read_around<T: std::fmt::Debug>(
    read: impl Future<Output = T>,
    [mut first, mut second]: [Held; 2],
    changes: impl Future<Output = ()>,
) -> T {
    let mut read = pin!(read);
    tokio::select! {
        _ = async { tokio::join!(first.arrived(), second.arrived()) } => {}
        read = &mut read => panic!("{read:?} without both reads"),
    }
    changes.await;
    first.release();
    second.release();
    read.await
}

#[tokio::test]
async fn a_customer_that_moved_away_before_its_old_tier_was_renamed_is_never_said_to_be_on_the_renamed_one() {
    for by_token in [false, true] {
        let shop = Shop::with_customer_on("Gold").await;
        let held = [
            shop.gated.gate.hold_answer(|call| call.is("GetItem", "#CUSTOMER")),
            shop.gated.gate.hold(|call| call.is("Query", "TIER#")),
        ];
        let read = async { if by_token { shop.in_token().await } else { shop.viewed().await } };
        let seen = read_around(read, held, async {
            shop.put("C-1", "Silver").await.ok();
            done(&shop.rename("Gold", "Staff", "CHF").await);
        });
        assert_eq!(seen.await, priced("Silver", "USD"), "by token: {by_token}");
    }
}

#[tokio::test]
async fn a_customer_that_moved_to_a_tier_after_its_rename_is_never_said_to_be_on_the_tier_from_before() {
    for by_token in [false, true] {
        let shop = Shop::with_customer_on("Silver").await;
        let held = [
            shop.gated.gate.hold_answer(|call| call.is("Query", "TIER#")),
            shop.gated.gate.hold(|call| call.is("GetItem", "#CUSTOMER")),
        ];
        let read = async { if by_token { shop.in_token().await } else { shop.viewed().await } };
        let seen = read_around(read, held, async {
            done(&shop.rename("Gold", "Staff", "CHF").await);
            shop.put("C-1", "Staff").await.ok();
        });
        assert_eq!(seen.await, priced("Staff", "CHF"), "by token: {by_token}");
    }
}

#[tokio::test]
async fn a_customer_that_moved_to_a_new_tier_between_the_two_reads_is_on_it() {
    for by_token in [false, true] {
        let shop = Shop::with_customer_on("Silver").await;
        let held = [
            shop.gated.gate.hold_answer(|call| call.is("Query", "TIER#")),
            shop.gated.gate.hold(|call| call.is("GetItem", "#CUSTOMER")),
        ];
        let read = async { if by_token { shop.in_token().await } else { shop.viewed().await } };
        let seen = read_around(read, held, async {
            done(&shop.admin.post(TIERS, &json!({"Name": "New", "CurrencyCode": "SEK"})).await);
            shop.put("C-1", "New").await.ok();
        });
        assert_eq!(seen.await, priced("New", "SEK"), "by token: {by_token}");
    }
}

/// What `write` answers where `changes` happen between its reads and its transaction, which has this text in it.
async fn written_after(
    shop: &Shop,
    text: &'static str,
    write: impl Future<Output = Answer>,
    changes: impl Future<Output = ()>,
) -> Answer {
    let mut held = shop.gated.gate.hold(move |call| call.is("TransactWriteItems", text));
    let mut write = pin!(write);
    tokio::select! {
        () = held.arrived() => {}
        answer = &mut write => panic!("{answer:?}"),
    }
    changes.await;
    held.release();
    write.await
}

#[tokio::test]
async fn a_customer_is_never_put_on_a_tier_by_a_name_that_it_no_longer_has() {
    let shop = Shop::with_customer_on("Gold").await;
    let refused = json!({"Pricing": [NO_TIER]});
    // A new customer, after the rename was answered and a look found none.
    let put = written_after(&shop, "C-2", shop.put("C-2", "Gold"), async {
        done(&shop.rename("Gold", "Staff", "CHF").await);
        assert_eq!(shop.admin.get("/api/customers/C-2").await.status, 404);
    });
    put.await.fields(&refused);
    assert_eq!(shop.admin.get("/api/customers/C-2").await.status, 404);
    // A customer that stays on the tier.
    let put = written_after(&shop, "C-1", shop.put("C-1", "Staff"), async {
        done(&shop.rename("Staff", "Gold", "EUR").await);
    });
    put.await.fields(&refused);
    assert_eq!(shop.viewed().await, priced("Gold", "EUR"));
    // A name that another tier has by then is that tier's.
    let put = written_after(&shop, "C-1", shop.put("C-1", "Gold"), async {
        done(&shop.rename("Gold", "Staff", "CHF").await);
        done(&shop.rename("Silver", "Gold", "USD").await);
    });
    let put = put.await.ok();
    assert_eq!((put["Pricing"].clone(), put["CurrencyCode"].clone()), priced("Gold", "USD"));
    assert_eq!(shop.viewed().await, priced("Gold", "USD"));
}

#[tokio::test]
async fn a_patch_of_a_customer_answers_its_tier_as_it_is_when_the_patch_commits() {
    let shop = Shop::with_customer_on("Gold").await;
    let (name, tier) = (json!({"CompanyName": "Acme"}), json!({"Pricing": "Silver"}));
    let patched = written_after(&shop, "C-1", shop.admin.patch(CUSTOMER, &name), async {
        done(&shop.rename("Gold", "Gold", "CHF").await);
    });
    let patched = patched.await.ok();
    assert_eq!((patched["Pricing"].clone(), patched["CurrencyCode"].clone()), priced("Gold", "CHF"));
    let refused = written_after(&shop, "C-1", shop.admin.patch(CUSTOMER, &tier), async {
        done(&shop.rename("Silver", "Staff", "CHF").await);
    });
    refused.await.fields(&json!({"Pricing": [NO_TIER]}));
    assert_eq!(shop.viewed().await, priced("Gold", "CHF"));
}

/// One action of a transaction that takes effect before the others are seen, and what undoes it.
struct Half<'a> {
    engine: &'a str,
    key: Value,
    before: Option<Value>,
}

impl<'a> Half<'a> {
    /// Does what an action of a transaction would do; `None` for one that writes nothing.
    async fn done(engine: &'a str, action: &Value) -> Option<Self> {
        let (kind, write) = action.as_object().unwrap().iter().next().unwrap();
        let operation = match kind.as_str() {
            "Put" => "PutItem",
            "Update" => "UpdateItem",
            "Delete" => "DeleteItem",
            _ => return None,
        };
        let item = write.get("Key").unwrap_or(&write["Item"]);
        let key = json!({"pk": item["pk"], "sk": item["sk"]});
        let table = json!({"TableName": Bundle::TABLE, "Key": key, "ConsistentRead": true});
        let before = engine_call(engine, "GetItem", &table).await.get("Item").cloned();
        engine_call(engine, operation, write).await;
        Some(Self { engine, key, before })
    }

    async fn undo(self) {
        match self.before {
            Some(item) => {
                engine_call(self.engine, "PutItem", &json!({"TableName": Bundle::TABLE, "Item": item})).await;
            }
            None => {
                engine_call(self.engine, "DeleteItem", &json!({"TableName": Bundle::TABLE, "Key": self.key})).await;
            }
        }
    }
}

/// The actions of the transaction that `write` makes, which has this text in it. It is held as long as what is returned
/// with them: its caller goes away, so that nobody sends it again.
async fn held_actions(shop: &Shop, text: &'static str, write: impl Future<Output = Answer>) -> (Vec<Value>, Held) {
    let seen = Arc::new(Mutex::new(Value::Null));
    let noted = seen.clone();
    let mut held = shop.gated.gate.hold(move |call| {
        let is = call.is("TransactWriteItems", text);
        if is {
            *noted.lock().unwrap() = call.body["TransactItems"].clone();
        }
        is
    });
    tokio::select! {
        () = held.arrived() => {}
        answer = write => panic!("{answer:?}"),
    }
    let actions = seen.lock().unwrap().as_array().unwrap().clone();
    (actions, held)
}

/// A Query, and two reads of two items, are not isolated from a transaction on AWS: they may see any part of it.
#[tokio::test]
async fn a_tier_is_listed_once_and_its_customer_has_it_whatever_part_of_its_rename_is_seen() {
    let shop = Shop::with_customer_on("Gold").await;
    let engine = shop.gated.bundle.dynamodb_url();
    let (actions, held) = held_actions(&shop, "Staff", shop.rename("Gold", "Staff", "CHF")).await;
    let sees_one_tier = async |what: &str| {
        let names = shop.names().await;
        assert!(names == ["Gold", "Silver"] || names == ["Silver", "Staff"], "{names:?} {what}");
        let either = [priced("Gold", "EUR"), priced("Staff", "CHF")];
        let (viewed, in_token) = (shop.viewed().await, shop.in_token().await);
        assert!(either.contains(&viewed) && either.contains(&in_token), "{viewed:?} {in_token:?} {what}");
    };
    let mut so_far = Vec::new();
    for (place, action) in actions.iter().enumerate() {
        let Some(half) = Half::done(&engine, action).await else { continue };
        sees_one_tier(&format!("with action {place} alone: {action}")).await;
        half.undo().await;
    }
    for (place, action) in actions.iter().enumerate() {
        let Some(half) = Half::done(&engine, action).await else { continue };
        sees_one_tier(&format!("with the actions up to {place}: {action}")).await;
        so_far.push(half);
    }
    for half in so_far.into_iter().rev() {
        half.undo().await;
    }
    held.release();
    while shop.names().await != ["Silver", "Staff"] {}
    assert_eq!((shop.viewed().await, shop.in_token().await), (priced("Staff", "CHF"), priced("Staff", "CHF")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tier_is_listed_once_and_its_customer_has_it_while_it_is_renamed_again_and_again() {
    let shop = Shop::with_customer_on("Gold").await;
    let renames = async {
        for _ in 0..20 {
            done(&shop.rename("Gold", "Staff", "CHF").await);
            done(&shop.rename("Staff", "Gold", "EUR").await);
        }
    };
    let looks = async {
        loop {
            let names = shop.names().await;
            assert!(names == ["Gold", "Silver"] || names == ["Silver", "Staff"], "{names:?}");
            let either = [priced("Gold", "EUR"), priced("Staff", "CHF")];
            for seen in [shop.viewed().await, shop.in_token().await] {
                assert!(either.contains(&seen), "{seen:?}");
            }
        }
    };
    tokio::select! {
        () = renames => {}
        () = looks => {}
    }
}

/// Each of the puts holds one of the counters that the rename changes, and the next one begins when it ends.
#[tokio::test]
async fn a_tier_is_renamed_while_customers_are_put_on_it_in_bulk() {
    let admin = tenant().await.admin;
    done(&admin.post(TIERS, &json!({"Name": "Gold", "CurrencyCode": "EUR"})).await);
    let bulk = join_all((0..8).map(async |client| {
        for round in 0.. {
            // Clients that put customers look for the name that the tier has by then.
            for name in ["Gold", "Staff"] {
                let number = format!("C-{client}-{}", round % 20);
                let body = json!({"CustomerNumber": number, "CompanyName": "Acme Retail", "Pricing": name});
                let put = admin.send(admin.request(Method::PUT, "/api/customers").json(&body)).await;
                if put.status != 200 {
                    put.fields(&json!({"Pricing": [NO_TIER]}));
                }
            }
        }
    }));
    let rename = async {
        for (old, new) in [("Gold", "Staff"), ("Staff", "Gold"), ("Gold", "Staff")] {
            let body = json!({"OldName": old, "NewName": new, "CurrencyCode": "EUR"});
            done(&admin.send(admin.request(Method::PUT, TIERS).json(&body)).await);
        }
    };
    tokio::select! {
        _ = bulk => {}
        () = rename => {}
    }
    assert_eq!(admin.get(TIERS).await.ok(), json!([{"Name": "Staff", "CurrencyCode": "EUR"}]));
}
