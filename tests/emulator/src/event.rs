//! Requests as an HTTP API's events, payload 2.0
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>).

use std::net::IpAddr;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header, request::Parts},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

/// The event of a request that `route` matched.
#[must_use]
pub fn event_of(parts: &Parts, body: &Bytes, route: &str, parameters: Map<String, Value>, source: IpAddr) -> Value {
    // The gateway decodes the path, and not the query.
    let path = percent_decode_str(parts.uri.path()).decode_utf8_lossy().into_owned();
    let text = is_text(&parts.headers);
    let method = parts.method.as_str();
    let mut event = json!({
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": parts.uri.query().unwrap_or_default(),
        "headers": headers(&parts.headers),
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": "local.execute-api.eu-central-1.amazonaws.com",
            "domainPrefix": "local",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": source.to_string(),
                "userAgent": parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or("-"),
            },
            "requestId": format!("{:016x}", fastid()),
            "routeKey": route,
            "stage": "$default",
            "time": "24/Nov/2026:08:00:00 +0000",
            "timeEpoch": 1_795_507_200_000_u64,
        },
        "isBase64Encoded": !body.is_empty() && !text,
    });
    if !parameters.is_empty() {
        event["pathParameters"] = Value::Object(parameters);
    }
    if !body.is_empty() {
        event["body"] = match std::str::from_utf8(body) {
            Ok(body) if text => json!(body),
            _ => {
                event["isBase64Encoded"] = json!(true);
                json!(STANDARD.encode(body))
            }
        };
    }
    event
}

fn fastid() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// What the gateway hands over as text; the rest is encoded.
fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.starts_with("text/") || matches!(&*kind, "application/json" | "application/xml" | "application/javascript")
}

/// One text a header, several values joined.
fn headers(headers: &HeaderMap) -> Map<String, Value> {
    let names = headers.keys().map(|name| {
        // Values that are no text come as Latin-1 does.
        let values = headers.get_all(name).iter();
        let values = values.map(|value| value.as_bytes().iter().map(|byte| char::from(*byte)).collect::<String>());
        (name.as_str().to_owned(), json!(values.collect::<Vec<_>>().join(",")))
    });
    names.collect()
}

/// The HTTP answer that a function's answer stands for.
///
/// # Errors
/// The answer is not one that a gateway accepts.
pub fn answer_of(answer: &[u8]) -> Result<Response<Body>, String> {
    let answer: Value = serde_json::from_slice(answer).map_err(|error| error.to_string())?;
    let status =
        answer["statusCode"].as_u64().and_then(|status| StatusCode::from_u16(u16::try_from(status).ok()?).ok());
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status.ok_or("no status")?;
    for (name, value) in answer["headers"].as_object().into_iter().flatten() {
        let name: HeaderName = name.parse().map_err(|_| "a header's name")?;
        let value = HeaderValue::from_str(value.as_str().unwrap_or_default()).map_err(|_| "a header's value")?;
        response.headers_mut().insert(name, value);
    }
    let body = answer["body"].as_str().unwrap_or_default();
    *response.body_mut() = if answer["isBase64Encoded"] == true {
        Body::from(STANDARD.decode(body).map_err(|error| error.to_string())?)
    } else {
        Body::from(body.to_owned())
    };
    Ok(response)
}
