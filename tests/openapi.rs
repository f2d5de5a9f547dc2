//! The OpenAPI document: as checked in, as served, as the routes are.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use crate::support::{Anonymous, Caller};

fn checked_in() -> Value {
    serde_json::from_str(include_str!("../openapi.json")).unwrap()
}

#[tokio::test]
async fn the_checked_in_document_is_served() {
    let served = Anonymous.get("/openapi.json").await.ok();
    assert_eq!(served, checked_in());
    assert_eq!(served["openapi"], "3.1.0");
}

#[tokio::test]
async fn each_documented_path_answers_its_documented_methods_and_no_other() {
    for (path, methods) in checked_in()["paths"].as_object().unwrap() {
        let documented: BTreeSet<_> = methods.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
        let answer = Anonymous.send(Anonymous.request(Method::TRACE, path)).await;
        assert_eq!(answer.status, 405, "{path}");
        let allowed: BTreeSet<_> = answer.header("allow").split(',').map(|method| method.trim().to_owned()).collect();
        let allowed: BTreeSet<_> = allowed.into_iter().filter(|method| method != "HEAD").collect();
        assert_eq!(allowed, documented, "{path}");
    }
}

#[test]
fn each_operation_is_described_and_names_its_answers() {
    for (path, methods) in checked_in()["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap();
            let summary = operation["summary"].as_str().unwrap();
            assert!(!summary.is_empty() && summary.len() <= 60, "{method} {path}: {summary}");
            assert!(responses.contains_key("200") || responses.contains_key("202"), "{method} {path}");
            let needs_token = !operation["security"].as_array().unwrap().is_empty();
            assert_eq!(needs_token, responses.contains_key("401") && path != "/api/auth/login", "{method} {path}");
            assert_eq!(operation.get("requestBody").is_some(), responses.contains_key("415"), "{method} {path}");
        }
    }
}
