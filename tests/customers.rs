//! `/api/customers`.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Caller, Member, tenant};

const PATH: &str = "/api/customers";
const NONE: &str = "This organization has no such customer.";

async fn put(admin: &Member, body: &Value) -> Answer {
    admin.send(admin.request(Method::PUT, PATH).json(body)).await
}

async fn with_tiers() -> Member {
    let admin = tenant().await.admin;
    for (name, currency) in [("Gold", "EUR"), ("Silver", "USD")] {
        let tier = json!({"Name": name, "CurrencyCode": currency});
        assert_eq!(admin.post("/api/organizations/price-tiers", &tier).await.status, 200);
    }
    admin
}

#[tokio::test]
async fn a_blocked_customer_stays_blocked_when_it_is_put_without_active() {
    let admin = with_tiers().await;
    let mut body = json!({"CustomerNumber": "C-1", "CompanyName": "Acme", "Pricing": "Gold", "Active": false});
    put(&admin, &body).await.ok();
    body.as_object_mut().unwrap().remove("Active");
    body["CompanyName"] = json!("Acme Retail");
    assert_eq!(put(&admin, &body).await.ok()["Active"], false);
    body["Active"] = json!(true);
    assert_eq!(put(&admin, &body).await.ok()["Active"], true);
}

#[tokio::test]
async fn a_customer_is_created_replaced_viewed_and_removed() {
    let admin = with_tiers().await;
    let body = json!({"CustomerNumber": " C-1 ", "CompanyName": "Acme Retail", "Pricing": "gold"});
    let mut customer = json!({
        "CustomerNumber": "C-1", "CompanyName": "Acme Retail", "Pricing": "Gold", "CurrencyCode": "EUR", "Active": true,
    });
    assert_eq!(put(&admin, &body).await.ok(), customer);
    assert_eq!(admin.get("/api/customers/C-1").await.ok(), customer);
    assert_eq!(admin.get("/api/customers?CustomerNumber=C-1").await.ok(), customer);

    let body = json!({
        "CustomerNumber": "C-1", "CompanyName": "Acme Shops", "Pricing": "SILVER", "CurrencyCode": "chf", "Active": false,
    });
    customer = json!({
        "CustomerNumber": "C-1", "CompanyName": "Acme Shops", "Pricing": "Silver", "CurrencyCode": "CHF", "Active": false,
    });
    assert_eq!(put(&admin, &body).await.ok(), customer);
    assert_eq!(admin.get("/api/customers/C-1").await.ok(), customer);

    assert_eq!(admin.delete("/api/customers/C-1", &json!({})).await.ok(), json!({"Success": true}));
    admin.get("/api/customers/C-1").await.problem(404, NONE);
    admin.delete("/api/customers/C-1", &json!({})).await.problem(404, NONE);
}

#[tokio::test]
async fn a_customer_without_a_currency_follows_its_tiers() {
    let admin = with_tiers().await;
    put(&admin, &json!({"CustomerNumber": "C-1", "CompanyName": "A", "Pricing": "Gold"})).await.ok();
    put(&admin, &json!({"CustomerNumber": "C-2", "CompanyName": "B", "Pricing": "Gold", "CurrencyCode": "PLN"}))
        .await
        .ok();
    let change = json!({"OldName": "Gold", "NewName": "Premium", "CurrencyCode": "NOK"});
    let changed = admin.send(admin.request(Method::PUT, "/api/organizations/price-tiers").json(&change)).await;
    assert_eq!(changed.status, 200);
    for (number, currency) in [("C-1", "NOK"), ("C-2", "PLN")] {
        let customer = admin.get(&format!("{PATH}/{number}")).await.ok();
        assert_eq!((&customer["Pricing"], &customer["CurrencyCode"]), (&json!("Premium"), &json!(currency)));
    }
}

#[tokio::test]
async fn a_number_of_any_printable_characters_keeps_its_case() {
    let admin = with_tiers().await;
    for number in ["A B", "A#B", "A!B", "Ünï", "50%", "C-1&x=1", "a/b", "what?", "c-1", "C-1", "E#x", ".", "+1"] {
        let body = json!({"CustomerNumber": number, "CompanyName": number, "Pricing": "Gold"});
        assert_eq!(put(&admin, &body).await.ok()["CustomerNumber"], number);
        let encoded: String = url::form_urlencoded::byte_serialize(number.as_bytes()).collect();
        let by_query = format!("{PATH}?CustomerNumber={encoded}");
        let customer = admin.get(&by_query).await.ok();
        assert_eq!((&customer["CustomerNumber"], &customer["CompanyName"]), (&json!(number), &json!(number)));
        // In the path, a gateway can't carry these; and a client resolves a dot away.
        if !number.contains(['/', '%', '?', '#']) && number != "." {
            let in_path = encoded.replace('+', "%20");
            assert_eq!(admin.get(&format!("{PATH}/{in_path}")).await.ok(), customer);
        }
    }
    for number in ["A#B", "a/b", "50%"] {
        let encoded: String = url::form_urlencoded::byte_serialize(number.as_bytes()).collect();
        let by_query = admin.request(Method::DELETE, &format!("{PATH}?CustomerNumber={encoded}"));
        assert_eq!(admin.send(by_query).await.ok(), json!({"Success": true}));
    }
    admin.get("/api/customers?CustomerNumber=A%23B").await.problem(404, NONE);
    admin.get("/api/customers?CustomerNumber=A%20B").await.ok();
}

#[tokio::test]
async fn every_bad_field_of_a_customer_is_named() {
    let admin = with_tiers().await;
    let required = json!(["is required"]);
    put(&admin, &json!({})).await.fields(&json!({
        "CustomerNumber": required, "CompanyName": required, "Pricing": required,
    }));
    let body = json!({
        "CustomerNumber": "x".repeat(65), "CompanyName": "x".repeat(201), "Pricing": 1, "CurrencyCode": "HRK",
        "Active": "yes",
    });
    put(&admin, &body).await.fields(&json!({
        "CustomerNumber": ["must have at most 64 characters"],
        "CompanyName": ["must have at most 200 characters"],
        "Pricing": ["must be a string"],
        "CurrencyCode": ["must be the code of an active ISO 4217 currency such as EUR"],
        "Active": ["must be true or false"],
    }));
    let body = json!({"CustomerNumber": "C-1", "CompanyName": "A", "Pricing": "Bronze"});
    put(&admin, &body).await.fields(&json!({"Pricing": ["is no price tier of this organization"]}));
    let long = format!("{PATH}/{}", "x".repeat(65));
    admin.get(&long).await.fields(&json!({"CustomerNumber": ["must have at most 64 characters"]}));
    admin.get("/api/customers/C-1").await.problem(404, NONE);
    admin.get("/api/customers?CustomerNumber=a&CustomerNumber=b").await.fields(&json!({
        "CustomerNumber": ["must be given once"],
    }));
    let body = json!({"CustomerNumber": "A\u{200b}B", "CompanyName": "A", "Pricing": "Gold"});
    put(&admin, &body).await.fields(&json!({"CustomerNumber": ["must hold printable characters only"]}));
}

#[tokio::test]
async fn writes_of_one_customer_at_once_all_succeed_and_one_is_the_last() {
    let admin = with_tiers().await;
    let bodies: Vec<_> = (0..16)
        .map(|n| {
            let tier = if n % 2 == 0 { "Gold" } else { "Silver" };
            json!({"CustomerNumber": "C-1", "CompanyName": format!("Company {n}"), "Pricing": tier})
        })
        .collect();
    let answers = join_all(bodies.iter().map(|body| put(&admin, body))).await;
    let written: Vec<_> = answers.into_iter().map(Answer::ok).collect();
    let customer = admin.get("/api/customers/C-1").await.ok();
    assert!(written.contains(&customer));
    // The tiers' counts are right: the one that the customer isn't on can go.
    let (on, off) = if customer["Pricing"] == "Gold" { ("Gold", "Silver") } else { ("Silver", "Gold") };
    let tiers = "/api/organizations/price-tiers";
    assert_eq!(admin.delete(tiers, &json!({"Name": off})).await.status, 200);
    let refused = admin.delete(tiers, &json!({"Name": on})).await;
    refused.fields(&json!({"Name": ["can't be removed: 1 customer is on it"]}));
}

#[tokio::test]
async fn a_patch_changes_what_it_names_of_a_customer_and_leaves_the_rest() {
    let admin = with_tiers().await;
    let body = json!({"CustomerNumber": "C/1", "CompanyName": "Acme", "Pricing": "Gold", "Active": false});
    put(&admin, &body).await.ok();
    let mut customer = json!({
        "CustomerNumber": "C/1", "CompanyName": "Acme", "Pricing": "Gold", "CurrencyCode": "EUR", "Active": false,
    });
    let by_query = "/api/customers?customerNumber=C%2F1";
    for (patch, name, value) in [
        (json!({"companyName": " Acme Shops "}), "CompanyName", json!("Acme Shops")),
        (json!({"CurrencyCode": "chf"}), "CurrencyCode", json!("CHF")),
        (json!({"Active": true}), "Active", json!(true)),
        (json!({}), "Active", json!(true)),
        (json!({"CurrencyCode": null}), "CurrencyCode", json!("EUR")),
        (json!({"CustomerNumber": "C/1", "Pricing": "Gold"}), "Pricing", json!("Gold")),
    ] {
        customer[name] = value;
        assert_eq!(admin.patch(by_query, &patch).await.ok(), customer, "{patch}");
        assert_eq!(admin.get(by_query).await.ok(), customer);
    }
    // Another tier, whose currency it follows; the tiers' counts go along.
    let moved = admin.patch(by_query, &json!({"Pricing": "SILVER"})).await.ok();
    assert_eq!((&moved["Pricing"], &moved["CurrencyCode"]), (&json!("Silver"), &json!("USD")));
    let tiers = "/api/organizations/price-tiers";
    assert_eq!(admin.delete(tiers, &json!({"Name": "Gold"})).await.status, 200);
    let on = admin.delete(tiers, &json!({"Name": "Silver"})).await;
    on.fields(&json!({"Name": ["can't be removed: 1 customer is on it"]}));
    // As it is answered, it can be sent back.
    put(&admin, &json!({"CustomerNumber": "C-2", "CompanyName": "B", "Pricing": "Silver"})).await.ok();
    let viewed = admin.get("/api/customers/C-2").await.ok();
    assert_eq!(admin.patch("/api/customers/C-2", &viewed).await.ok(), viewed);
}

#[tokio::test]
async fn a_patch_of_a_customer_names_every_bad_field_and_makes_none() {
    let admin = with_tiers().await;
    admin.patch("/api/customers/C-1", &json!({"CompanyName": "A"})).await.problem(404, NONE);
    admin.patch("/api/customers?CustomerNumber=C-1", &json!({})).await.problem(404, NONE);
    let customer = put(&admin, &json!({"CustomerNumber": "C-1", "CompanyName": "A", "Pricing": "Gold"})).await.ok();
    let removed = json!(["can't be removed"]);
    let nothing = json!({"CompanyName": null, "Pricing": null, "Active": null});
    let errors = json!({"CompanyName": removed, "Pricing": removed, "Active": removed});
    admin.patch("/api/customers/C-1", &nothing).await.fields(&errors);
    let bad = json!({"CompanyName": "", "Pricing": 1, "Active": "yes", "CurrencyCode": "HRK", "Actve": true});
    admin.patch("/api/customers/C-1", &bad).await.fields(&json!({
        "CompanyName": ["must have 1 to 200 characters"],
        "Pricing": ["must be a string"],
        "Active": ["must be true or false"],
        "CurrencyCode": ["must be the code of an active ISO 4217 currency such as EUR"],
        "Actve": ["is no field of this request; did you mean Active?"],
    }));
    let fault = json!({"CustomerNumber": ["is read-only"]});
    admin.patch("/api/customers/C-1", &json!({"CustomerNumber": "C-2"})).await.fields(&fault);
    let fault = json!({"Pricing": ["is no price tier of this organization"]});
    admin.patch("/api/customers/C-1", &json!({"Pricing": "Bronze"})).await.fields(&fault);
    admin.patch(PATH, &json!({})).await.fields(&json!({"CustomerNumber": ["is required"]}));
    assert_eq!(admin.get("/api/customers/C-1").await.ok(), customer);
}

#[tokio::test]
async fn a_number_that_is_no_utf_8_names_nobody_in_the_path_and_in_the_query() {
    let admin = with_tiers().await;
    let body = json!({"CustomerNumber": "\u{fffd}", "CompanyName": "A", "Pricing": "Gold"});
    let fault = json!({"CustomerNumber": ["must hold printable characters only"]});
    put(&admin, &body).await.fields(&fault);
    for method in [Method::GET, Method::DELETE, Method::PATCH] {
        for number in ["%FF", "C-%C3", "%ED%A0%80", "C-1%FF"] {
            let call = async |path: String| {
                let request = admin.request(method.clone(), &path);
                admin.send(if method == Method::PATCH { request.json(&json!({})) } else { request }).await
            };
            let by_query = call(format!("{PATH}?CustomerNumber={number}")).await;
            by_query.fields(&json!({"CustomerNumber": ["must be UTF-8"]}));
            // A gateway puts U+FFFD in the place of what it can't decode.
            let in_path = call(format!("{PATH}/{number}")).await;
            assert_eq!(in_path.status, 400, "{in_path:?}");
            assert!(in_path.json()["errors"]["CustomerNumber"].is_array(), "{in_path:?}");
        }
    }
    let list = admin.get("/api/organizations/users/associations?Filters[0].Field=UserId&PageToken=%FF").await;
    list.fields(&json!({"PageToken": ["must be UTF-8"]}));
    let remove = admin.request(Method::DELETE, "/api/organizations/price-tiers?Name=%FF");
    admin.send(remove).await.fields(&json!({"Name": ["must be UTF-8"]}));
}
