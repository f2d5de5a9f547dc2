//! The gateway's events: each gives an answer, and the path that a router sees is the caller's, encoded once.

use axum::body::Body;
use http_body_util::BodyExt;
use lambda_http::{Request, RequestExt, request::LambdaRequest};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use shared::{
    lambda::{fit, from_gateway},
    source::SourceAddress,
};

use crate::world::{check_answer, with_world};

/// An event as JSON; or a method, a decoded path, a query, headers (`name: value; …`) and a body, a line each.
pub(crate) fn run(data: &[u8]) {
    let is_event = data.first() == Some(&b'{');
    let (event, path) = if is_event { (data.to_vec(), None) } else { event(data) };
    let Ok(event) = serde_json::from_slice::<LambdaRequest>(&event) else { return };
    let request = from_gateway(Request::from(fit(event)));
    let seen = request.uri().path();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    if let Some(path) = path.filter(|path| path.starts_with('/')) {
        assert_eq!(request.raw_http_path(), path);
        assert_eq!(percent_decode_str(seen).collect::<Vec<u8>>(), path.as_bytes(), "encoded once: {seen}");
        let encoded = seen.split('%').enumerate().all(|(place, part)| {
            let rest = if place == 0 { part } else { part.get(2..).unwrap_or("%") };
            rest.bytes().all(plain)
        });
        assert!(encoded, "{seen}");
    }
    let source = request.extensions().get::<SourceAddress>();
    assert!(is_event || source.is_some_and(|source| source.0.is_loopback()), "the gateway says where it comes from");
    with_world(async |world| {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let answer =
            world.call(Request::from_parts(parts, ().into()).map(|_: lambda_http::Body| Body::from(body))).await;
        check_answer(&answer);
    });
}

fn event(data: &[u8]) -> (Vec<u8>, Option<String>) {
    let [method, path, query, headers, body] = crate::lines(data);
    let headers: serde_json::Map<String, Value> = headers
        .split(';')
        .filter_map(|header| header.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), json!(value.trim())))
        .collect();
    let event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query, "headers": headers,
        "requestContext": {
            "accountId": "0", "apiId": "x", "domainName": "x", "domainPrefix": "x",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "x"},
            "requestId": "request", "routeKey": "$default", "stage": "$default",
            "time": "24/Nov/2026:08:00:00 +0000", "timeEpoch": 1_795_507_200_000_u64,
        },
        "body": body, "isBase64Encoded": false,
    });
    (event.to_string().into_bytes(), Some(path))
}
