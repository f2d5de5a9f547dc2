//! `GET /api/customers`: pages, orders and filters against a model, and both orders beside writes.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

use crate::support::{Caller, Member, tenant};

const PATH: &str = "/api/customers";
const TIERS: &str = "/api/organizations/price-tiers";
const FIELDS: [&str; 5] = ["CustomerNumber", "CompanyName", "Pricing", "CurrencyCode", "Active"];
const OPERATORS: [&str; 10] =
    ["startswith", "contains", "notcontains", "endswith", "equals", "notequals", "gt", "gte", "lt", "lte"];

async fn put(admin: &Member, body: &Value) -> Value {
    admin.send(admin.request(Method::PUT, PATH).json(body)).await.ok()
}

async fn with_tiers() -> Member {
    let admin = tenant().await.admin;
    for (name, currency) in [("Gold", "EUR"), ("Silver", "USD")] {
        assert_eq!(admin.post(TIERS, &json!({"Name": name, "CurrencyCode": currency})).await.status, 200);
    }
    admin
}

/// An organization with customers whose names differ in case, in script and in length.
async fn with_customers() -> (Member, Vec<Value>) {
    let admin = with_tiers().await;
    let long = "Ä".repeat(200);
    let names =
        ["acme", "Acme", "ACME Retail", "Beta", "beta", "Zeta", "Ärger", "ärger", "Ünï", "日本", &long, "acme retail"];
    let customers = names.iter().enumerate().map(|(at, name)| {
        let mut body = json!({
            "CustomerNumber": format!("C-{}", at * 7 % 12), "CompanyName": name,
            "Pricing": if at % 3 == 0 { "Gold" } else { "Silver" }, "Active": at % 4 != 1,
        });
        if at % 5 == 0 {
            body["CurrencyCode"] = json!("CHF");
        }
        body
    });
    let customers: Vec<_> = customers.collect();
    let rows = join_all(customers.iter().map(|body| put(&admin, body))).await;
    (admin, rows)
}

fn text(row: &Value, field: &str) -> String {
    row[field].as_str().map_or_else(|| row[field].to_string(), str::to_owned)
}

fn keeps(row: &Value, field: &str, operator: &str, value: &str) -> bool {
    let text = text(row, field);
    let text = text.as_str();
    match operator {
        "startswith" => text.starts_with(value),
        "contains" => text.contains(value),
        "notcontains" => !text.contains(value),
        "endswith" => text.ends_with(value),
        "equals" => text == value,
        "notequals" => text != value,
        "gt" => text > value,
        "gte" => text >= value,
        "lt" => text < value,
        _ => text <= value,
    }
}

/// The rows in the order of a field: a company's name without case, then the number.
fn sorted(mut rows: Vec<Value>, sort_on: &str, direction: &str) -> Vec<Value> {
    rows.sort_by_key(|row| {
        let lower_case: String = text(row, "CompanyName").chars().flat_map(char::to_lowercase).collect();
        (if sort_on == "CompanyName" { lower_case } else { String::new() }, text(row, "CustomerNumber"))
    });
    if direction == "desc" {
        rows.reverse();
    }
    rows
}

fn filtered(field: &str, operator: &str, value: &str) -> String {
    let value: String = byte_serialize(value.as_bytes()).collect();
    format!("Filters[0].Field={field}&Filters[0].Operator={operator}&Filters[0].Value={value}")
}

#[tokio::test]
async fn each_operator_field_order_and_page_of_customers_is_as_the_model_says() {
    let (admin, rows) = with_customers().await;
    let mut turn = 0;
    for operator in OPERATORS {
        for field in FIELDS {
            for value in match field {
                "CustomerNumber" => ["C-1", "C-10", ""],
                "CompanyName" => ["Acme", "ä", "acme r"],
                "Pricing" => ["Gold", "gold", "S"],
                "CurrencyCode" => ["CHF", "E", "eur"],
                _ => ["true", "false", "t"],
            } {
                turn += 1;
                let (sort_on, direction) = (["CustomerNumber", "CompanyName"][turn % 2], ["asc", "desc"][turn / 2 % 2]);
                let (page, size) = [(1, 25), (1, 2), (2, 3), (9, 7)][turn % 4];
                let kept: Vec<_> = rows.iter().filter(|row| keeps(row, field, operator, value)).cloned().collect();
                let total = kept.len();
                let kept = sorted(kept, sort_on, direction);
                let data: Vec<_> = kept.into_iter().skip((page - 1) * size).take(size).collect();
                let query = format!("SortOn={sort_on}&SortDirection={direction}&PageNumber={page}&PageSize={size}");
                let path = format!("{PATH}?{query}&{}", filtered(field, operator, value));
                let mut answer = admin.get(&path).await.ok();
                let next = answer.as_object_mut().unwrap().remove("NextPageToken");
                let expected = json!({"Data": data, "TotalCount": total, "PageNumber": page, "PageSize": size});
                assert_eq!(answer, expected, "{path}");
                assert_eq!(next.is_some(), total > page * size, "{path}");
            }
        }
    }
}

/// Every row in one order, by page tokens.
async fn walked(admin: &Member, sort_on: &str, direction: &str, size: usize) -> Vec<Value> {
    let query = format!("{PATH}?SortOn={sort_on}&SortDirection={direction}&PageSize={size}");
    let (mut rows, mut next) = (Vec::new(), String::new());
    loop {
        let page = admin.get(&format!("{query}{next}")).await.ok();
        rows.extend(page["Data"].as_array().unwrap().iter().cloned());
        assert!(page["TotalCount"].as_u64().unwrap() >= u64::try_from(rows.len()).unwrap(), "{page}");
        match page["NextPageToken"].as_str() {
            Some(token) => next = format!("&PageToken={token}"),
            None => return rows,
        }
    }
}

#[tokio::test]
async fn a_walk_by_page_tokens_has_each_customer_once_in_each_order() {
    let (admin, rows) = with_customers().await;
    for sort_on in ["CustomerNumber", "CompanyName"] {
        for direction in ["asc", "desc"] {
            for size in [1, 5] {
                let expected = sorted(rows.clone(), sort_on, direction);
                assert_eq!(walked(&admin, sort_on, direction, size).await, expected, "{sort_on} {direction}");
            }
        }
    }
    assert_eq!(admin.get(PATH).await.ok()["TotalCount"], rows.len());
    // A token is of one list and query.
    let page = admin.get(&format!("{PATH}?PageSize=1")).await.ok();
    let token = page["NextPageToken"].as_str().unwrap();
    let other = json!({"PageToken": ["is not of this query; begin with PageNumber"]});
    admin.get(&format!("{PATH}?PageSize=1&SortOn=CompanyName&PageToken={token}")).await.fields(&other);
    admin.get(&format!("/api/organizations/users/associations?PageSize=1&PageToken={token}")).await.fields(&other);
}

#[tokio::test]
async fn a_row_has_its_tiers_present_name_and_currency() {
    let (admin, _) = with_customers().await;
    let patch = json!({"Name": "Gold", "NewName": "Premium", "CurrencyCode": "NOK"});
    admin.patch(TIERS, &patch).await.ok();
    let listed = admin.get(&format!("{PATH}?{}", filtered("Pricing", "equals", "Premium"))).await.ok();
    assert_eq!(listed["TotalCount"], 4);
    for row in listed["Data"].as_array().unwrap() {
        assert_eq!(*row, admin.get(&format!("{PATH}/{}", text(row, "CustomerNumber"))).await.ok());
    }
    let nothing = admin.get(&format!("{PATH}?{}", filtered("Pricing", "equals", "Gold"))).await.ok();
    assert_eq!(nothing, json!({"Data": [], "TotalCount": 0, "PageNumber": 1, "PageSize": 25}));
}

#[tokio::test]
async fn a_number_in_the_query_asks_for_one_customer_and_not_for_a_list_of_it() {
    let (admin, rows) = with_customers().await;
    let one = rows.iter().find(|row| row["CustomerNumber"] == "C-1").unwrap();
    assert_eq!(admin.get(&format!("{PATH}?customernumber=C-1")).await.ok(), *one);
    for parameter in ["PageSize=1", "sorton=CompanyName", "Filters=[]", "PageToken=x"] {
        admin.get(&format!("{PATH}?CustomerNumber=C-1&{parameter}")).await.fields(&json!({
            "CustomerNumber": ["can't be sent together with the parameters of a list"],
        }));
    }
    admin.get(&format!("{PATH}?SortOn=Pricing")).await.fields(&json!({
        "SortOn": ["must be CustomerNumber or CompanyName"],
    }));
}

/// One of sixteen callers: puts, patches and removes the same few customers, which move in both orders and between
/// tiers.
async fn write_some(admin: &Member, caller: usize) {
    for step in 0..4 {
        let turn = caller * 5 + step * 3;
        let number = format!("C-{}", turn % 4);
        let path = format!("{PATH}/{number}");
        let (company, tier) = (["Acme", "Beta", "zeta"][turn % 3 * step % 3], ["Gold", "Silver"][turn % 2]);
        let status = match turn % 4 {
            0 => admin.delete(&path, &json!({})).await.status,
            1 => admin.patch(&path, &json!({"CompanyName": company, "Pricing": tier})).await.status,
            _ => {
                let body =
                    json!({"CustomerNumber": number, "CompanyName": format!("{company} {caller}"), "Pricing": tier});
                admin.send(admin.request(Method::PUT, PATH).json(&body)).await.status
            }
        };
        assert!(status == 200 || status == 404, "{status}");
    }
}

#[tokio::test]
async fn both_orders_their_counts_and_the_tiers_agree_after_sixteen_callers_wrote_the_same_customers_at_once() {
    let admin = with_tiers().await;
    join_all((0..16).map(|caller| write_some(&admin, caller))).await;
    let rows = walked(&admin, "CustomerNumber", "asc", 1000).await;
    assert_eq!(sorted(rows.clone(), "CompanyName", "asc"), walked(&admin, "CompanyName", "asc", 1000).await);
    for sort_on in ["CustomerNumber", "CompanyName"] {
        // The second page's total is the sum of the counts.
        let page = admin.get(&format!("{PATH}?SortOn={sort_on}&PageNumber=2&PageSize=1")).await.ok();
        assert_eq!(page["TotalCount"], rows.len(), "{sort_on}");
    }
    for row in &rows {
        assert_eq!(admin.get(&format!("{PATH}/{}", text(row, "CustomerNumber"))).await.ok(), *row);
    }
    for row in &rows {
        admin.delete(&format!("{PATH}/{}", text(row, "CustomerNumber")), &json!({})).await.ok();
    }
    assert_eq!(admin.get(PATH).await.ok()["TotalCount"], 0);
    for tier in ["Gold", "Silver"] {
        assert_eq!(admin.delete(TIERS, &json!({"Name": tier})).await.status, 200, "no customer is left on {tier}");
    }
}
