//! What every answer's head says to browsers and caches.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Anonymous, Answer, Caller, tenant};

/// Asserts what the head of an answer under this path says.
fn check(answer: &Answer, method: &Method, path: &str) {
    let head =
        |name: &str| answer.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(head("x-content-type-options"), ["nosniff"], "{method} {path}: {answer:?}");
    if path.starts_with("/api") {
        assert_eq!(head("cache-control"), ["no-store"], "{method} {path}: {answer:?}");
    }
    // The issuer of the tests has no https.
    assert_eq!(head("strict-transport-security"), [""; 0]);
}

/// Asserts that the document has the answer's status, and each field of its head but those of the transport.
fn check_documented(answer: &Answer, document: &Value, operation: &Value, method: &Method, path: &str) {
    const TRANSPORT: [&str; 5] = ["connection", "content-length", "content-type", "date", "server-timing"];
    let resolve = |value: &Value| match value["$ref"].as_str() {
        Some(reference) => document.pointer(&reference[1..]).unwrap().clone(),
        None => value.clone(),
    };
    let response = &operation["responses"][answer.status.to_string()];
    assert!(!response.is_null(), "{method} {path}: {answer:?}");
    let documented = resolve(response)["headers"].as_object().cloned().unwrap_or_default();
    for name in answer.headers.keys().filter(|name| !TRANSPORT.contains(&name.as_str())) {
        let is_documented = documented.keys().any(|header| header.eq_ignore_ascii_case(name.as_str()));
        assert!(is_documented, "{method} {path}: {name} of {answer:?}");
    }
}

#[tokio::test]
async fn every_answer_of_every_operation_is_neither_stored_nor_sniffed_whoever_asks() {
    let tenant = tenant().await;
    let made = tenant.admin.post("/api/organizations/api-access", &json!({"Name": "Shop"})).await.ok();
    let key = made["ApiKey"].as_str().unwrap();
    let document: Value = serde_json::from_str(include_str!("../openapi.json")).unwrap();
    let mut statuses = std::collections::BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let in_path = path.replace("{CustomerNumber}", "C-1");
        for (method, operation) in methods.as_object().unwrap() {
            // A server that reads no body may close the connection under one that is still being sent.
            let long = if operation.get("requestBody").is_some() { "x".repeat(70_000) } else { String::new() };
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let anonymous = || Anonymous.request(method.clone(), &in_path);
            for request in [
                anonymous(),
                anonymous().json(&json!({})),
                anonymous().header("x-api-key", "org_x.y.z"),
                anonymous().header("x-api-key", key).body("x"),
                anonymous().header("x-api-key", key).body(long.clone()),
                anonymous().header("x-api-key", key).json(&json!({})),
                tenant.admin.request(method.clone(), &in_path).json(&json!({})),
                tenant.admin.request(method.clone(), &in_path),
            ] {
                let answer = Anonymous.send(request).await;
                check(&answer, &method, path);
                check_documented(&answer, &document, operation, &method, path);
                statuses.insert(answer.status);
            }
        }
        let answer = Anonymous.send(Anonymous.request(Method::TRACE, &in_path)).await;
        assert_eq!(answer.status, 405);
        check(&answer, &Method::TRACE, path);
    }
    for path in ["/api", "/api/", "/api/nowhere", "/api/organizations/nowhere", "/nowhere"] {
        let answer = tenant.admin.get(path).await;
        assert_eq!(answer.status, 404);
        check(&answer, &Method::GET, path);
    }
    for status in [200, 400, 401, 403, 413, 415] {
        assert!(statuses.contains(&status), "{status} is among the answers: {statuses:?}");
    }
}

#[tokio::test]
async fn what_is_everybodys_keeps_its_own_caching() {
    for (path, caching) in [
        ("/.well-known/jwks.json", "public, max-age=300"),
        ("/.well-known/oauth-authorization-server", "public, max-age=300"),
        ("/.well-known/openid-configuration", "public, max-age=300"),
        ("/account/set-password", "no-store"),
        ("/invitations/accept", "no-store"),
        ("/openapi.json", "public, max-age=300"),
        ("/problems", "public, max-age=300"),
        ("/health", ""),
    ] {
        assert_eq!(Anonymous.get(path).await.header("cache-control"), caching, "{path}");
    }
}
