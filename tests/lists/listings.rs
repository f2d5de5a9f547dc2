//! The three lists, with rows that are hard to sort and to filter.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use shared::ids::UserId;

use crate::{
    associations::{LIST, linked, record},
    support::{Caller, Tenant, put_item, tenant, unique},
};

use super::model::Listing;

const USERS: &str = "/api/organizations/users";
const CUSTOMERS: &str = "/api/customers";

const NUMBERS: [&str; 16] = [
    "A B",
    "A#B",
    "A!B",
    "AB",
    "Ünï",
    "50%",
    "C-1&x=1",
    "C-1",
    "C-10",
    "C-2",
    "c-1",
    "z",
    "A",
    "日本",
    "C-1",
    "\u{1F600}",
];

/// Every list, each of an organization of its own.
pub(super) async fn listings() -> [(Tenant, Listing); 3] {
    [associations().await, users().await, customers().await]
}

async fn associations() -> (Tenant, Listing) {
    let (tenant, rows) = linked(&NUMBERS).await;
    let rows = rows.iter().map(|(user, number)| record(&tenant, user, number)).collect();
    let fields = &["UserId", "CustomerNumber"];
    (tenant, Listing { path: LIST, fields, orders: ["UserId", "CustomerNumber"], id: "UserId", rows })
}

/// People with an account, who are admins, buyers, or both, and people who are invited.
async fn users() -> (Tenant, Listing) {
    let tenant = tenant().await;
    let row = |email: &str, first: &str, last: &str, roles: Value| json!({"Email": email, "FirstName": first, "LastName": last, "Roles": roles, "Status": "active"});
    let mut rows = vec![row(&tenant.email, "Ada", "Lovelace", json!(["admin"]))];
    let mark = unique("x");
    for (place, (name, number)) in
        ["anna", "Anna.B", "anna+b", "ünal", "zoë", "B", "b2", "Ægir"].into_iter().zip(NUMBERS).enumerate()
    {
        let (email, first) = (format!("{name}.{mark}@person.example"), name.to_uppercase());
        let id = account(&email, &first, "Hopper").await;
        let (is_admin, buys) = (place % 3 == 0, place % 3 != 0 || place == 3);
        let mut roles = Vec::new();
        if is_admin {
            tenant.promote(&email).await;
            roles.push("admin");
        }
        if buys {
            let body = json!({"UserId": id, "CustomerNumber": number});
            tenant.admin.post("/api/organizations/users/associate-customer", &body).await.ok();
            roles.push("customer");
        }
        let mut person = row(&email, &first, "Hopper", json!(roles));
        if buys {
            person["CustomerNumber"] = json!(number);
        }
        rows.push(person);
    }
    for (name, roles, number) in [("mia", json!(["admin"]), None), ("Noor", json!([]), Some("C-1"))] {
        let email = format!("{name}.{mark}@invited.example");
        let mut invitation = json!({"Email": email, "FirstName": "Mia", "LastName": "Nguyen", "Roles": roles});
        let mut shown = row(&email, "Mia", "Nguyen", roles);
        if let Some(number) = number {
            invitation["CustomerNumber"] = json!(number);
            shown["CustomerNumber"] = json!(number);
            shown["Roles"] = json!(["customer"]);
        }
        shown["Status"] = json!("invited");
        assert_eq!(tenant.admin.post("/api/organizations/invitations", &invitation).await.status, 201);
        rows.push(shown);
    }
    // What only the API knows: ids, of those who have no account yet too, and when somebody joined.
    let answer = tenant.admin.get(&format!("{USERS}?PageSize=1000")).await.ok();
    for row in &mut rows {
        let shown = answer["Data"].as_array().unwrap().iter().find(|shown| shown["Email"] == row["Email"]).unwrap();
        assert!(UserId::parse(shown["UserId"].as_str().unwrap()).is_some(), "{shown}");
        assert!(shown["JoinedAt"].as_str().unwrap().ends_with('Z'), "{shown}");
        (row["UserId"], row["JoinedAt"]) = (shown["UserId"].clone(), shown["JoinedAt"].clone());
        assert_eq!(shown, row);
    }
    let fields = &["Email", "UserId", "FirstName", "LastName", "CustomerNumber", "Role", "Status"];
    (tenant, Listing { path: USERS, fields, orders: ["Email", "UserId"], id: "UserId", rows })
}

/// An account, put straight into the table: a password's hash takes longer than the rest.
async fn account(email: &str, first_name: &str, last_name: &str) -> String {
    let id = UserId::random().to_string();
    let address = email.to_lowercase();
    put_item(json!({
        "pk": format!("EMAIL#{address}"), "sk": "EMAIL", "entity": "credential", "user_id": id, "email": email,
        "first_name": first_name, "last_name": last_name, "password_hash": "none", "revision": "0",
    }))
    .await;
    put_item(json!({
        "pk": format!("USER#{id}"), "sk": "USER", "entity": "account", "user_id": id, "email": email,
        "first_name": first_name, "last_name": last_name, "created_at": "2026-01-01T00:00:00Z",
    }))
    .await;
    id
}

async fn customers() -> (Tenant, Listing) {
    let tenant = tenant().await;
    for (name, currency) in [("Gold", "EUR"), ("gold plus", "USD")] {
        let tier = json!({"Name": name, "CurrencyCode": currency});
        assert_eq!(tenant.admin.post("/api/organizations/price-tiers", &tier).await.status, 200);
    }
    let companies = [
        "Acme",
        "acme",
        "ACME Retail",
        "Acme-Retail",
        "Ängström",
        "ängström",
        "Zebra",
        "\u{1F600} Ltd",
        "İstanbul",
        "STRASSE",
        "straße",
        "日本",
        "O'Neill & Sons",
        "Ac",
        "acme r",
        "acmé",
    ];
    let mut rows = Vec::new();
    // No two customers have one number.
    let numbers: BTreeSet<_> = NUMBERS.into_iter().collect();
    for (place, (number, company)) in numbers.into_iter().zip(companies).enumerate() {
        let (tier, currency) = if place % 2 == 0 { ("Gold", "EUR") } else { ("gold plus", "USD") };
        let mut customer = json!({"CustomerNumber": number, "CompanyName": company, "Pricing": tier});
        if place % 5 == 0 {
            customer["CurrencyCode"] = json!("CHF");
        }
        customer["Active"] = json!(place % 4 != 0);
        let stored = tenant.admin.send(tenant.admin.request(Method::PUT, CUSTOMERS).json(&customer)).await.ok();
        customer["CurrencyCode"] = json!(if place % 5 == 0 { "CHF" } else { currency });
        assert_eq!(stored, customer);
        rows.push(customer);
    }
    let fields = &["CustomerNumber", "CompanyName", "Pricing", "CurrencyCode", "Active"];
    (tenant, Listing { path: CUSTOMERS, fields, orders: ["CustomerNumber", "CompanyName"], id: "CustomerNumber", rows })
}
