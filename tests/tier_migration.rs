//! Price tiers of tables from before a tier's key was its id: `tests/fixtures/tiers-before.json` holds the items of
//! one, as the version before stored them. Ada is the organization's admin, and Grace buys for C-1.

use std::time::Duration;

use local::Bundle;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Caller, Elsewhere, Gated, claims_of, engine_call, operate};

const TIERS: &str = "/api/organizations/price-tiers";
const CODE: &str = "org_acmec70z9a69";

/// A bundle over the table from before.
struct Before {
    gated: Gated,
    admin: Elsewhere,
    buyer: Elsewhere,
}

impl Before {
    async fn start() -> Self {
        let gated = Gated::start().await;
        let items: Vec<Value> = serde_json::from_str(include_str!("fixtures/tiers-before.json")).unwrap();
        for item in items {
            put(&gated, &item).await;
        }
        let (admin, _) = gated.sign_in("ada@acme.example", Some(CODE)).await;
        let (buyer, _) = gated.sign_in("grace@acme.example", None).await;
        Self { gated, admin, buyer }
    }

    /// Each tier's name and currency, as they are listed.
    async fn listed(&self) -> Vec<(String, String)> {
        let tiers = self.admin.get(TIERS).await.ok();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        tiers.as_array().unwrap().iter().map(|tier| (text(&tier["Name"]), text(&tier["CurrencyCode"]))).collect()
    }

    async fn customer(&self, number: &str) -> (String, String) {
        let customer = self.admin.get(&format!("/api/customers/{number}")).await.ok();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&customer["Pricing"]), text(&customer["CurrencyCode"]))
    }

    async fn in_token(&self) -> (String, String) {
        let access = self.buyer.post("/api/auth/access", &json!({"OrgCode": CODE})).await.ok();
        let claims = claims_of(access["AccessToken"].as_str().unwrap());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&claims["PriceTier"]), text(&claims["CurrencyCode"]))
    }

    async fn put_customer(&self, number: &str, tier: &str) -> Answer {
        let body = json!({"CustomerNumber": number, "CompanyName": "Acme Retail", "Pricing": tier});
        self.admin.send(self.admin.request(Method::PUT, "/api/customers").json(&body)).await
    }

    async fn rename(&self, old: &str, new: &str, currency: &str) -> Answer {
        let body = json!({"OldName": old, "NewName": new, "CurrencyCode": currency});
        self.admin.send(self.admin.request(Method::PUT, TIERS).json(&body)).await
    }

    async fn remove(&self, name: &str) -> Answer {
        self.admin.delete(TIERS, &json!({"Name": name})).await
    }

    /// What the command prints of tiers.
    fn migrate(&self) -> String {
        let url = self.gated.bundle.dynamodb_url();
        let (code, stdout, stderr) = operate(&["migrate", "--table", Bundle::TABLE], Some(&url));
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
        let of_tiers = stdout.strip_prefix("0 pending mails were put into the queue\n0 addresses moved\n").unwrap();
        let of_tiers = of_tiers.split_inclusive('\n').filter(|line| {
            ![" customers moved", " users of ", "the plans of "].iter().any(|other| line.contains(other))
        });
        of_tiers.collect()
    }

    /// The items of tiers, by sort key.
    async fn items(&self) -> Vec<Value> {
        let all = engine_call(&self.gated.bundle.dynamodb_url(), "Scan", &json!({"TableName": Bundle::TABLE})).await;
        let mut tiers = all["Items"].as_array().unwrap().clone();
        tiers.retain(|item| item["sk"]["S"].as_str().unwrap().starts_with("TIER#"));
        tiers
    }
}

async fn put(gated: &Gated, item: &Value) {
    let put = json!({"TableName": Bundle::TABLE, "Item": item});
    engine_call(&gated.bundle.dynamodb_url(), "PutItem", &put).await;
}

fn tiers(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(name, currency)| pair(name, currency)).collect()
}

fn pair(one: &str, other: &str) -> (String, String) {
    (one.to_owned(), other.to_owned())
}

#[track_caller]
fn done(answer: &Answer) {
    assert_eq!((answer.status, answer.text.as_str()), (200, ""), "{answer:?}");
}

const ALL: [(&str, &str); 4] = [("Idle", "EUR"), ("Premium", "EUR"), ("SILVER", "GBP"), ("Straße", "CHF")];

/// Asserts that no item is in the form from before, and that each tier has one.
async fn is_brought_over(before: &Before, tiers: usize) {
    let items = before.items().await;
    assert_eq!(items.len(), tiers, "{items:?}");
    for item in items {
        assert_eq!(item["sk"]["S"], format!("TIER#{}", item["tier_id"]["S"].as_str().unwrap()), "{item}");
    }
}

// The command is another process, which the bundle has to answer meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn tiers_from_before_are_read_while_they_are_migrated_and_migrated_once() {
    let before = Before::start().await;
    let is_as_before = async || {
        assert_eq!(before.listed().await, tiers(&ALL));
        assert_eq!(before.customer("C-1").await, pair("Premium", "EUR"));
        assert_eq!(before.customer("C-2").await, pair("SILVER", "SEK"));
        assert_eq!(before.customer("C-3").await, pair("Straße", "CHF"));
        assert_eq!(before.in_token().await, pair("Premium", "EUR"));
    };
    is_as_before().await;
    let looks = async {
        loop {
            is_as_before().await;
        }
    };
    let migrated = tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let command = scope.spawn(|| before.migrate());
            tokio::runtime::Handle::current().block_on(async {
                tokio::select! {
                    () = looks => {}
                    () = async { while !command.is_finished() { tokio::time::sleep(Duration::from_millis(5)).await } } => {}
                }
            });
            command.join().unwrap()
        })
    });
    assert_eq!(migrated, "4 price tiers moved\n");
    is_as_before().await;
    is_brought_over(&before, 4).await;
    let after = before.items().await;
    assert_eq!(before.migrate(), "0 price tiers moved\n");
    assert_eq!(before.items().await, after);
    is_as_before().await;

    done(&before.rename("premium", "Gold", "USD").await);
    assert_eq!((before.customer("C-1").await, before.in_token().await), (pair("Gold", "USD"), pair("Gold", "USD")));
    before.remove("Straße").await.fields(&json!({"Name": ["can't be removed: 1 customer is on it"]}));
    before.put_customer("C-3", "Gold").await.ok();
    done(&before.remove("STRASSE").await);
    done(&before.remove("Idle").await);
    assert_eq!(before.listed().await, tiers(&[("Gold", "USD"), ("SILVER", "GBP")]));
}

#[tokio::test(flavor = "multi_thread")]
async fn tiers_from_before_are_changed_put_on_and_removed_before_they_are_migrated() {
    let before = Before::start().await;
    let add = async |name: &str| before.admin.post(TIERS, &json!({"Name": name, "CurrencyCode": "EUR"})).await;
    // A name is taken, whichever form the tiers are in.
    let taken = json!(["is taken"]);
    add("premium").await.fields(&json!({"Name": taken}));
    done(&add("New").await);
    before.rename("New", "STRASSE", "EUR").await.fields(&json!({"NewName": taken}));
    before.rename("Idle", "Premium", "EUR").await.fields(&json!({"NewName": taken}));
    before.rename("Idle", "new", "EUR").await.fields(&json!({"NewName": taken}));

    // Customers come, stay and go.
    before.put_customer("C-4", "Premium").await.ok();
    before.put_customer("C-2", "silver").await.ok();
    before.put_customer("C-4", "Straße").await.ok();
    before.remove("Straße").await.fields(&json!({"Name": ["can't be removed: 2 customers are on it"]}));
    let patched = before.admin.patch("/api/customers/C-4", &json!({"Pricing": "New"})).await.ok();
    assert_eq!(patched["Pricing"], "New");

    done(&before.rename("Premium", "Gold", "CHF").await);
    assert_eq!((before.customer("C-1").await, before.in_token().await), (pair("Gold", "CHF"), pair("Gold", "CHF")));
    let silver = before.admin.patch(TIERS, &json!({"Name": "silver", "NewName": "Silver"})).await.ok();
    assert_eq!(silver, json!({"Name": "Silver", "CurrencyCode": "GBP"}));
    done(&before.remove("Idle").await);
    // Names that are left are free, although what was there is yet to be deleted.
    done(&add("Premium").await);
    done(&add("Idle").await);
    let expected =
        [("Gold", "CHF"), ("Idle", "EUR"), ("New", "EUR"), ("Premium", "EUR"), ("Silver", "GBP"), ("Straße", "CHF")];
    assert_eq!(before.listed().await, tiers(&expected));
    assert_eq!(before.customer("C-2").await, pair("Silver", "GBP"));

    // The removal of Straße was refused, and brought it over.
    assert_eq!(before.migrate(), "0 price tiers moved\n");
    is_brought_over(&before, 6).await;
    assert_eq!(before.listed().await, tiers(&expected));
    assert_eq!((before.customer("C-1").await, before.in_token().await), (pair("Gold", "CHF"), pair("Gold", "CHF")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_was_stopped_goes_on_and_a_tier_whose_name_was_given_away_is_named() {
    let before = Before::start().await;
    // Brought over, and the earlier item is yet to be deleted.
    done(&before.rename("Premium", "Gold", "CHF").await);
    // An earlier version that is still at work knows nothing of the name's item.
    let mut item = before.items().await.into_iter().find(|item| item["sk"]["S"] == "TIER#idle").unwrap();
    done(&before.admin.post(TIERS, &json!({"Name": "Spare", "CurrencyCode": "EUR"})).await);
    item["sk"]["S"] = json!("TIER#spare");
    item["tier_name"]["S"] = json!("Spare");
    item["tier_id"]["S"] = json!("0123456789abcdef");
    put(&before.gated, &item).await;

    let organization = item["pk"]["S"].as_str().unwrap().strip_prefix("ORG#").unwrap();
    let taken = format!("  {organization}: another price tier has the name Spare; rename that one first\n");
    assert_eq!(before.migrate(), format!("3 price tiers moved\n{taken}"));
    assert_eq!(before.items().await.len(), 6);
    done(&before.rename("Spare", "Other", "EUR").await);
    assert_eq!(before.migrate(), "1 price tiers moved\n");
    is_brought_over(&before, 6).await;
}

/// On AWS a Query may see the earlier item superseded before it sees the present one.
#[tokio::test]
async fn a_tier_that_is_half_brought_over_is_waited_for() {
    let before = Before::start().await;
    let engine = before.gated.bundle.dynamodb_url();
    let premium = before.items().await.into_iter().find(|item| item["sk"]["S"] == "TIER#premium").unwrap();
    let (mut superseded, mut present) = (premium.clone(), premium.clone());
    superseded["superseded"] = json!({"BOOL": true});
    present["sk"]["S"] = json!(format!("TIER#{}", premium["tier_id"]["S"].as_str().unwrap()));
    present["revision"] = json!({"N": "0"});
    // The present item first: both are there, and the tier is listed once.
    put(&before.gated, &present).await;
    assert_eq!(before.listed().await, tiers(&ALL));
    assert_eq!(
        (before.customer("C-1").await, before.in_token().await),
        (pair("Premium", "EUR"), pair("Premium", "EUR"))
    );
    // The mark first.
    let key = json!({"TableName": Bundle::TABLE, "Key": {"pk": present["pk"], "sk": present["sk"]}});
    engine_call(&engine, "DeleteItem", &key).await;
    put(&before.gated, &superseded).await;
    let second = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        put(&before.gated, &present).await;
    };
    let (listed, viewed, in_token, ()) =
        tokio::join!(before.listed(), before.customer("C-1"), before.in_token(), second);
    assert_eq!(listed, tiers(&ALL));
    assert_eq!((viewed, in_token), (pair("Premium", "EUR"), pair("Premium", "EUR")));
}
