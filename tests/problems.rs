//! Error answers for programs: the codes, and the catalogue that explains them.

use regex_lite::Regex;
use reqwest::Method;
use serde_json::{Value, json};
use shared::problem::{FieldCode, ProblemCode};

use crate::support::{Anonymous, Caller, person, put_item, tenant, unique};

const TIERS: &str = "/api/organizations/price-tiers";

#[tokio::test]
async fn the_page_has_an_entry_for_each_code_and_each_answer_leads_to_its_own() {
    let page = Anonymous.get("/problems").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").starts_with("default-src 'none';"));
    for code in ProblemCode::ALL {
        let heading = format!("<h3 id=\"{0}\"><code>{0}</code>", code.as_str());
        assert!(page.text.contains(&heading), "{code:?}");
    }
    for code in FieldCode::ALL {
        assert!(page.text.contains(&format!("<dt id=\"field-{}\">", code.as_str())), "{code:?}");
    }

    let refused = Anonymous.get("/nowhere").await.json();
    let (address, code) = refused["type"].as_str().unwrap().split_once('#').unwrap();
    assert!(address.ends_with("/problems"));
    assert_eq!(code, "not_found");
}

#[tokio::test]
async fn the_document_lists_every_code() {
    let document: Value = serde_json::from_str(include_str!("../openapi.json")).unwrap();
    let schemas = &document["components"]["schemas"];
    let words = |name: &str| schemas[name]["x-extensible-enum"].clone();
    let problems: Vec<_> = ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
    let fields: Vec<_> = FieldCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!((words("ProblemCode"), words("FieldCode")), (json!(problems), json!(fields)));
}

#[tokio::test]
async fn a_taken_name_and_a_missing_one_are_told_apart_without_reading_sentences() {
    let tenant = tenant().await;
    let taken = json!({"Name": "Gold", "CurrencyCode": "EUR"});
    assert_eq!(tenant.admin.post(TIERS, &taken).await.status, 200);
    let answer = tenant.admin.post(TIERS, &taken).await;
    assert_eq!((answer.problem_code(), answer.codes()), (ProblemCode::NameTaken, json!({"Name": ["taken"]})));
    let answer = tenant.admin.post(TIERS, &json!({"CurrencyCode": "EUR"})).await;
    assert_eq!((answer.problem_code(), answer.codes()), (ProblemCode::ValidationFailed, json!({"Name": ["required"]})));
}

#[tokio::test]
async fn each_bad_field_has_a_code_for_each_sentence() {
    let admin = tenant().await.admin;
    let long = "x".repeat(300);
    for (method, path, body, codes) in [
        (
            Method::POST,
            "/api/users",
            json!({"FirstName": 1, "LastName": "a\u{200b}", "Email": "x", "Password": "short", "Nmae": 1}),
            json!({
                "FirstName": ["wrong_type"], "LastName": ["hidden_character"], "Email": ["invalid_email"],
                "Password": ["too_short"], "Nmae": ["unknown_field"],
            }),
        ),
        (
            Method::PATCH,
            "/api/organization",
            json!({
                "Name": null, "BillingCountry": "XX", "Website": "acme", "PhoneNumber": long, "BillingCity": "a\u{0}b",
                "Slug": "other",
            }),
            json!({
                "Name": ["not_removable"], "BillingCountry": ["invalid_country"], "Website": ["invalid_url"],
                "PhoneNumber": ["too_long"], "BillingCity": ["control_character"],
            }),
        ),
        (Method::PATCH, "/api/organization", json!({"Slug": "other"}), json!({"Slug": ["read_only"]})),
        (
            Method::POST,
            TIERS,
            json!({"Name": "Gold", "name": "Gold", "CurrencyCode": "XYZ"}),
            json!({"Name": ["repeated"], "CurrencyCode": ["invalid_currency"]}),
        ),
        (
            Method::POST,
            "/api/organizations/api-access",
            json!({"Name": "Shop", "Access": "all", "ExpiresAt": "tomorrow"}),
            json!({"Access": ["not_allowed"], "ExpiresAt": ["invalid_time"]}),
        ),
        (
            Method::POST,
            "/api/organizations/api-access",
            json!({"Name": "Shop", "ExpiresAt": "2020-01-01T00:00:00Z"}),
            json!({"ExpiresAt": ["not_in_future"]}),
        ),
        (
            Method::GET,
            "/api/organizations/users/associations?PageNumber=0&PageToken=x&Filters=x&SortOn=x",
            json!({}),
            json!({
                "PageNumber": ["out_of_range"], "SortOn": ["not_allowed"], "Filters": ["invalid_filter"],
                "PageToken": ["conflicting"],
            }),
        ),
    ] {
        let answer = admin.send(admin.request(method, path).json(&body)).await;
        assert_eq!((answer.problem_code(), answer.codes()), (ProblemCode::ValidationFailed, codes), "{answer:?}");
    }
}

#[tokio::test]
async fn what_is_refused_for_one_reason_has_that_reason_as_its_code() {
    let tenant = tenant().await;
    let somebody = person().await;
    let admins = "/api/organizations/users/admins";
    for (method, path, body, code) in [
        (Method::DELETE, admins, json!({"UserId": tenant.admin_id}), "last_admin"),
        (Method::DELETE, admins, json!({"UserId": somebody.id}), "not_an_admin"),
        (Method::DELETE, admins, json!({"UserId": "x"}), "not_an_admin"),
        (Method::POST, admins, json!({"Email": format!("{}@nobody.example", unique("x"))}), "account_not_found"),
        (Method::DELETE, TIERS, json!({"Name": "Gold"}), "price_tier_not_found"),
        (Method::DELETE, "/api/organizations/api-access", json!({"ClientId": "x"}), "credential_not_found"),
        (Method::GET, "/api/organizations/users/associations?PageToken=x", json!({}), "invalid_page_token"),
        (Method::POST, "/api/auth/reset-password", json!({"Token": "x", "Password": "a new one 1"}), "invalid_link"),
        (
            Method::POST,
            "/api/users",
            json!({"FirstName": "A", "LastName": "B", "Email": "x@y.example", "Password": "password"}),
            "password_too_common",
        ),
    ] {
        let answer = tenant.admin.send(tenant.admin.request(method, path).json(&body)).await;
        assert_eq!((answer.status, answer.problem_code().as_str()), (400, code), "{answer:?}");
    }
    let no_customer = tenant.admin.get("/api/customers/C-404").await;
    assert_eq!(no_customer.problem_code(), ProblemCode::CustomerNotFound);
}

#[tokio::test]
async fn a_broken_item_is_an_error_that_says_nothing_of_the_table() {
    let tenant = tenant().await;
    put_item(json!({"pk": format!("ORG#{}#CUSTOMERS#N", tenant.id), "sk": "E#C-1", "entity": "customer"})).await;
    let answer = tenant.admin.get("/api/customers/C-1").await;
    answer.bare_problem(500);
    assert_eq!(answer.problem_code(), ProblemCode::InternalError);
}

#[test]
fn the_sentences_of_the_catalogue_name_fields_and_headers_as_code() {
    let name = Regex::new("\\b(IdentityOrganizationId|NextPageToken|PageNumber|UserId|OrgCode|Domains)\\b").unwrap();
    for code in ProblemCode::ALL {
        for (number, part) in format!("{} {}", code.meaning(), code.remedy()).split('`').enumerate() {
            assert!(number % 2 == 1 || !name.is_match(part), "{code:?}: {part}");
        }
    }
}
