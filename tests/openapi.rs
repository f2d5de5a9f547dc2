//! The OpenAPI document: as checked in, as served, as the routes are.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Map, Value, json};

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
            assert!(["200", "201", "202"].iter().any(|status| responses.contains_key(*status)), "{method} {path}");
            let security = operation["security"].as_array().unwrap();
            // A signature that is bad is a bad request.
            let needs_token = security.iter().any(|one| one.get("stripe").is_none());
            assert_eq!(needs_token, responses.contains_key("401") && path != "/api/auth/login", "{method} {path}");
            assert_eq!(operation.get("requestBody").is_some(), responses.contains_key("415"), "{method} {path}");
        }
    }
}

/// Calls `look` with each JSON object in the document, and its place.
fn visit(value: &Value, place: &str, look: &mut impl FnMut(&Map<String, Value>, &str)) {
    match value {
        Value::Object(object) => {
            look(object, place);
            object.iter().for_each(|(name, value)| visit(value, &format!("{place}/{name}"), look));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(number, item)| visit(item, &format!("{place}/{number}"), look));
        }
        _ => {}
    }
}

#[test]
fn no_schema_is_one_that_generators_stumble_over() {
    visit(&checked_in(), "", &mut |object, place| {
        let may_be_null = object.get("type").is_some_and(|kind| kind.to_string().contains("null"));
        assert!(!object.contains_key("oneOf") && !object.contains_key("allOf"), "{place}");
        assert!(!may_be_null || !object.contains_key("default"), "{place}: a default beside null");
        let schema = object.get("schema").or_else(|| object.get("content")?.pointer("/application~1json/schema"));
        if let (Some(Value::String(name)), Some(schema)) = (object.get("in").and(object.get("name")), schema) {
            assert!(schema.get("$ref").is_some() || schema["type"].is_string(), "{place}: {name} is never null");
        }
    });
    let schemas = &checked_in()["components"]["schemas"];
    assert!(schemas.get("Configuration").is_none(), "generated clients have a class of this name");
}

#[test]
fn a_request_refuses_what_it_does_not_have_and_an_answer_may_gain_fields() {
    let document = checked_in();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            for (media_type, body) in
                operation.pointer("/requestBody/content").and_then(Value::as_object).into_iter().flatten()
            {
                if media_type == "text/csv" {
                    assert_eq!(body["schema"], json!({"type": "string", "format": "binary"}));
                    continue;
                }
                let reference = body["schema"]["$ref"].as_str().unwrap();
                let schema = document.pointer(&reference[1..]).unwrap();
                // Of a form, OAuth asks that other parameters are ignored (RFC 6749, section 3.2).
                // An event is Stripe's, who adds fields without notice.
                let is_closed = media_type != "application/x-www-form-urlencoded" && path != "/api/webhooks/stripe";
                let closed = schema.get("additionalProperties").is_some_and(|others| others == false);
                assert_eq!(closed, is_closed, "{method} {path} {media_type}");
            }
        }
    }
    for name in ["Customer", "Organization", "Problem", "SignedIn"] {
        assert!(document["components"]["schemas"][name].get("additionalProperties").is_none(), "{name}");
    }
}

#[test]
fn operations_have_names_of_their_own_and_one_tag_each() {
    let document = checked_in();
    let (mut names, tags) = (BTreeSet::new(), document["tags"].as_array().unwrap());
    for methods in document["paths"].as_object().unwrap().values() {
        for operation in methods.as_object().unwrap().values() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(name.chars().all(|character| character.is_ascii_alphanumeric()), "{name}");
            assert!(name.starts_with(|initial: char| initial.is_ascii_lowercase()) && names.insert(name), "{name}");
            let [tag] = operation["tags"].as_array().unwrap().as_slice() else { panic!("{name} has one tag") };
            assert!(tags.iter().any(|known| known["name"] == *tag), "{name}: {tag}");
        }
    }
}

/// Whether an operation has a parameter, or its body a field, of this name.
fn takes(document: &Value, operation: &Value, kind: &str, name: &str) -> bool {
    let dereferenced = |value: &Value| match value["$ref"].as_str() {
        Some(reference) => document.pointer(&reference[1..]).unwrap().clone(),
        None => value.clone(),
    };
    if kind == "parameters" {
        let parameters = operation["parameters"].as_array().unwrap();
        return parameters.iter().any(|parameter| dereferenced(parameter)["name"] == name);
    }
    let schema = operation["requestBody"]["content"]["application/json"]["schema"].clone();
    dereferenced(&schema)["properties"].get(name).is_some()
}

#[test]
fn each_link_leads_to_an_operation_that_takes_what_it_gives() {
    let document = checked_in();
    let paths = document["paths"].as_object().unwrap();
    let operations: Vec<_> = paths.values().flat_map(|methods| methods.as_object().unwrap().values()).collect();
    let mut count = 0;
    for links in operations.iter().filter_map(|operation| operation["responses"]["200"]["links"].as_object()) {
        for (name, link) in links {
            let target = operations.iter().find(|operation| operation["operationId"] == link["operationId"]).unwrap();
            for (kind, fields) in link.as_object().unwrap().iter().filter(|(_, fields)| fields.is_object()) {
                for field in fields.as_object().unwrap().keys() {
                    assert!(takes(&document, target, kind, field), "{name}: {field}");
                    count += 1;
                }
            }
        }
    }
    assert!(count > 15, "{count}");
}
