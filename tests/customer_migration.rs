//! Customers of tables from before they were in counted orders: `tests/fixtures/customers-before.json` holds the items
//! of one, as the version before stored them. Ada is the organization's admin, and Grace buys for C-1.

use std::collections::BTreeMap;

use local::Bundle;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Caller, Elsewhere, Gated, claims_of, engine_call, operate};

const PATH: &str = "/api/customers";
const TIERS: &str = "/api/organizations/price-tiers";
const CODE: &str = "org_acmec70z9a69";
const ORGANIZATION: &str = "ORG#5298bf67c8eb1a49f0d62450";

/// A bundle over the table from before, and what each of its customers is.
struct Before {
    gated: Gated,
    admin: Elsewhere,
    buyer: Elsewhere,
    customers: BTreeMap<String, Value>,
}

impl Before {
    async fn start() -> Self {
        let gated = Gated::start().await;
        let items: Vec<Value> = serde_json::from_str(include_str!("fixtures/customers-before.json")).unwrap();
        let mut tiers = BTreeMap::new();
        for item in &items {
            put_item(&gated, item).await;
            if item["entity"]["S"] == "price tier" {
                tiers.insert(item["tier_id"]["S"].as_str().unwrap(), item);
            }
        }
        let customers = items.iter().filter(|item| item["entity"]["S"] == "customer").map(|item| {
            let tier = tiers[item["tier_id"]["S"].as_str().unwrap()];
            let currency = item["currency_code"]["S"].as_str().unwrap_or(tier["currency_code"]["S"].as_str().unwrap());
            let number = item["customer_number"]["S"].as_str().unwrap();
            let customer = json!({
                "CustomerNumber": number, "CompanyName": item["company_name"]["S"], "Pricing": tier["tier_name"]["S"],
                "CurrencyCode": currency, "Active": item["active"]["BOOL"],
            });
            (number.to_owned(), customer)
        });
        let customers = customers.collect();
        let (admin, _) = gated.sign_in("ada@acme.example", Some(CODE)).await;
        let (buyer, _) = gated.sign_in("grace@acme.example", None).await;
        Self { gated, admin, buyer, customers }
    }

    async fn put(&mut self, number: &str, company: &str, tier: &str) {
        let body = json!({"CustomerNumber": number, "CompanyName": company, "Pricing": tier});
        let customer = self.admin.send(self.admin.request(Method::PUT, PATH).json(&body)).await.ok();
        self.customers.insert(number.to_owned(), customer);
    }

    async fn patch(&mut self, number: &str, patch: &Value) {
        let customer = self.admin.patch(&format!("{PATH}/{number}"), patch).await.ok();
        self.customers.insert(number.to_owned(), customer);
    }

    async fn remove(&mut self, number: &str) {
        self.admin.delete(&format!("{PATH}/{number}"), &json!({})).await.ok();
        assert_eq!(self.get(number).await.status, 404);
        self.customers.remove(number);
    }

    async fn get(&self, number: &str) -> Answer {
        self.admin.get(&format!("{PATH}/{number}")).await
    }

    /// Asserts that each customer is viewed as it is, and that the buyer's token carries its own.
    async fn views(&self) {
        for (number, customer) in &self.customers {
            assert_eq!(self.get(number).await.ok(), *customer);
        }
        let access = self.buyer.post("/api/auth/access", &json!({"OrgCode": CODE})).await.ok();
        let claims = claims_of(access["AccessToken"].as_str().unwrap());
        assert_eq!(claims["PriceTier"], self.customers["C-1"]["Pricing"]);
    }

    /// Asserts that both lists hold each customer, that the counts are right, and so are the tiers' uses.
    async fn lists(&self) {
        let mut expected: Vec<_> = self.customers.values().cloned().collect();
        for sort_on in ["CustomerNumber", "CompanyName"] {
            if sort_on == "CompanyName" {
                let company = |row: &Value| row["CompanyName"].as_str().unwrap().to_lowercase();
                expected.sort_by_key(company);
            }
            let page = self.admin.get(&format!("{PATH}?SortOn={sort_on}&PageSize=1000")).await.ok();
            assert_eq!(page["Data"], json!(expected), "{sort_on}");
            let page = self.admin.get(&format!("{PATH}?SortOn={sort_on}&PageNumber=2&PageSize=1")).await.ok();
            assert_eq!(page["TotalCount"], expected.len(), "{sort_on}");
        }
        for tier in ["Premium", "SILVER", "Straße"] {
            let on_it = self.customers.values().filter(|customer| customer["Pricing"] == tier).count();
            self.admin.delete(TIERS, &json!({"Name": tier})).await.fields(&json!({
                "Name": [format!("can't be removed: {on_it} customers are on it")],
            }));
        }
    }

    /// How many customers the command says it has moved.
    fn migrate(&self) -> usize {
        let url = self.gated.bundle.dynamodb_url();
        let (code, stdout, stderr) = operate(&["migrate", "--table", Bundle::TABLE], Some(&url));
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
        let moved = stdout.lines().find_map(|line| line.strip_suffix(" customers moved"));
        moved.unwrap().parse().unwrap()
    }

    /// Runs the command while `calls` are made.
    fn migrate_during(&self, calls: impl Future<Output = ()>) -> usize {
        tokio::task::block_in_place(|| {
            std::thread::scope(|scope| {
                let command = scope.spawn(|| self.migrate());
                tokio::runtime::Handle::current().block_on(calls);
                command.join().unwrap()
            })
        })
    }

    /// Lets a minute pass after the migration, until which lists wait.
    async fn a_minute_later(&self) {
        let update = json!({
            "TableName": Bundle::TABLE, "Key": {"pk": {"S": ORGANIZATION}, "sk": {"S": "#ORG"}},
            "UpdateExpression": "SET customers_indexed_at = customers_indexed_at - :minute",
            "ExpressionAttributeValues": {":minute": {"N": "60"}},
        });
        engine_call(&self.gated.bundle.dynamodb_url(), "UpdateItem", &update).await;
    }

    /// The items in the form of before.
    async fn earlier_items(&self) -> usize {
        let all = engine_call(&self.gated.bundle.dynamodb_url(), "Scan", &json!({"TableName": Bundle::TABLE})).await;
        let earlier = format!("{ORGANIZATION}#CUSTOMER");
        all["Items"].as_array().unwrap().iter().filter(|item| item["pk"]["S"] == *earlier).count()
    }
}

async fn put_item(gated: &Gated, item: &Value) {
    let put = json!({"TableName": Bundle::TABLE, "Item": item});
    engine_call(&gated.bundle.dynamodb_url(), "PutItem", &put).await;
}

// The command is another process, which the bundle has to answer meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn customers_from_before_are_read_and_written_while_they_are_migrated_and_migrated_once() {
    let mut before = Before::start().await;
    before.views().await;
    let waits = before.admin.get(PATH).await;
    assert_eq!((waits.status, waits.header("retry-after").is_empty()), (503, false), "{waits:?}");
    let all = before.customers.len();
    let patched = |at: usize| format!("D-{:03}", at * 5);
    let calls = async {
        before.views().await;
        for at in 0..10 {
            let company = format!("Moved {at}");
            let answer = before.admin.patch(&format!("{PATH}/{}", patched(at)), &json!({"CompanyName": company})).await;
            assert_eq!(answer.ok()["CompanyName"], company);
        }
        let missing = before.get("nowhere").await;
        assert_eq!(missing.status, 404);
    };
    let moved = before.migrate_during(calls);
    assert!((all - 10..=all).contains(&moved), "{moved} of {all}: the calls moved the rest");
    for at in 0..10 {
        let customer = before.customers.get_mut(&patched(at)).unwrap();
        customer["CompanyName"] = json!(format!("Moved {at}"));
    }
    assert_eq!(before.earlier_items().await, 0);
    before.views().await;
    before.a_minute_later().await;
    before.lists().await;
    assert_eq!(before.migrate(), 0);
    before.lists().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_from_before_are_put_patched_and_removed_before_they_are_migrated() {
    let mut before = Before::start().await;
    let all = before.customers.len();
    // D-000 is blocked, and stays so.
    before.put("D-000", "Other Company", "Premium").await;
    assert_eq!(before.customers["D-000"]["Active"], false);
    before.patch("D-001", &json!({"Active": false})).await;
    before.patch("D-002", &json!({"CompanyName": "Zulu", "Pricing": "SILVER"})).await;
    before.remove("D-003").await;
    before.put("E-1", "New", "Straße").await;
    // What was moved is changed once more, and so is what was removed.
    before.patch("D-002", &json!({"CompanyName": "alpha"})).await;
    before.put("D-003", "Back", "Premium").await;
    before.remove("D-001").await;
    before.put("C-1", "Acme Retail", "SILVER").await;
    before.views().await;
    let tag = before.get("D-010").await.header("etag").to_owned();
    assert_eq!(before.migrate(), all - 5);
    assert_eq!(before.get("D-010").await.header("etag"), tag, "a move is no change");
    assert_eq!(before.earlier_items().await, 0);
    before.views().await;
    before.a_minute_later().await;
    before.lists().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_was_stopped_goes_on_and_an_entry_wins_over_an_item_that_an_earlier_version_put_after_it() {
    let mut before = Before::start().await;
    let items: Vec<Value> = serde_json::from_str(include_str!("fixtures/customers-before.json")).unwrap();
    before.put("D-000", "The entry", "Premium").await;
    // The earlier version doesn't see the entry: it puts its own item, and counts it on its tier.
    let item = items.iter().find(|item| item["sk"]["S"] == "D-000").unwrap();
    put_item(&before.gated, item).await;
    let counters = format!("TIERUSE#{}#", item["tier_id"]["S"].as_str().unwrap());
    for counter in items.iter().filter(|item| item["sk"]["S"].as_str().unwrap().starts_with(&counters)) {
        put_item(&before.gated, counter).await;
    }
    assert_eq!(before.migrate(), before.customers.len() - 1);
    assert_eq!(before.earlier_items().await, 0);
    before.views().await;
    before.a_minute_later().await;
    before.lists().await;
}

#[tokio::test]
async fn an_organization_of_this_version_has_its_list_at_once() {
    let gated = Gated::start().await;
    let tenant = gated.tenant().await;
    let page = tenant.admin.get(PATH).await.ok();
    assert_eq!(page, json!({"Data": [], "TotalCount": 0, "PageNumber": 1, "PageSize": 25}));
}
