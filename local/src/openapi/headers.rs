//! The fields of the answers' heads.

use serde_json::{Map, Value, json};

use super::pointers::operations;

/// Each field's name in `components`, with when it is sent, and what it says.
const HEADERS: [(&str, &str, &str); 15] = [
    ("RequestId", "x-request-id", "The request's id, which the log lines carry."),
    (
        "CacheControl",
        "Cache-Control",
        "`no-store` under `/api` and `/oauth2`; elsewhere how long the answer may be kept.",
    ),
    ("ContentTypeOptions", "X-Content-Type-Options", "`nosniff`."),
    ("StrictTransportSecurity", "Strict-Transport-Security", "Sent where the issuer's address is https (RFC 6797)."),
    (
        "WwwAuthenticate",
        "WWW-Authenticate",
        "Which credential is needed, and what is wrong with the one that was sent (RFC 6750).",
    ),
    ("RetryAfter", "Retry-After", "In how many seconds the request may be sent again."),
    ("RateLimit", "RateLimit", "How many wrong passwords are left, and for how long; sent after a wrong password."),
    (
        "RateLimitPolicy",
        "RateLimit-Policy",
        "How many wrong passwords are let through in which time; sent after a wrong password.",
    ),
    (
        "IdempotencyReplayed",
        "Idempotency-Replayed",
        "`true` where the answer is that of an earlier request with the key.",
    ),
    ("AcceptPatch", "Accept-Patch", "The media types that a patch may have (RFC 5789), where the request was a PATCH."),
    ("AcceptEncoding", "Accept-Encoding", "`identity`, where the body had a Content-Encoding."),
    ("ETag", "ETag", "The version of what is answered (RFC 9110, section 8.8.3)."),
    ("Pragma", "Pragma", "`no-cache`, for caches of before Cache-Control (RFC 6749, section 5.1)."),
    ("ContentSecurityPolicy", "Content-Security-Policy", "What a browser lets the page do."),
    ("ReferrerPolicy", "Referrer-Policy", "`no-referrer`, where the page's own address holds a token."),
];

/// Adds to each answer the fields that its head may have.
pub(super) fn add(document: &mut Value) {
    for operation in operations(document) {
        let takes_key = operation
            .get("parameters")
            .and_then(Value::as_array)
            .is_some_and(|parameters| parameters.iter().any(|parameter| parameter["name"] == "Idempotency-Key"));
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten();
        for (status, response) in responses {
            let mut names = vec!["RequestId", "CacheControl", "ContentTypeOptions", "StrictTransportSecurity"];
            match status.as_str() {
                "200" if takes_key => names.push("IdempotencyReplayed"),
                "400" => names.extend(["RateLimit", "RateLimitPolicy"]),
                "401" => names.extend(["WwwAuthenticate", "RateLimit", "RateLimitPolicy"]),
                "415" => names.extend(["AcceptPatch", "AcceptEncoding"]),
                "429" => names.extend(["RetryAfter", "RateLimit", "RateLimitPolicy"]),
                "503" => names.push("RetryAfter"),
                _ => {}
            }
            if response.pointer("/content/text~1html").is_some() {
                names.extend(["ContentSecurityPolicy", "ReferrerPolicy"]);
            }
            for name in ["ETag", "Pragma"] {
                if response.pointer(&format!("/headers/{name}")).is_some() {
                    names.push(name);
                }
            }
            let fields = HEADERS.iter().filter(|(component, ..)| names.contains(component));
            let fields: Map<_, _> = fields
                .map(|(component, field, _)| {
                    ((*field).to_owned(), json!({"$ref": format!("#/components/headers/{component}")}))
                })
                .collect();
            response["headers"] = Value::Object(fields);
        }
    }
    let components = HEADERS.iter().map(|(component, _, description)| {
        ((*component).to_owned(), json!({"description": description, "schema": {"type": "string"}}))
    });
    document["components"]["headers"] = Value::Object(components.collect());
    document["components"]["headers"]["RetryAfter"]["schema"] = json!({"type": "integer", "minimum": 0});
}
