//! Runs a router as an AWS Lambda function behind an HTTP API (payload 2.0).

use std::{fmt::Write, time::SystemTime};

use axum::{Router, middleware};
use domain::config;
use lambda_http::{Error, Request, RequestExt, http::Uri, request::RequestContext, tower::ServiceExt};

use crate::{
    service::{self, AnswerDue, GatewayRequestId},
    source::SourceAddress,
    telemetry,
};

/// Answers the function's requests by the router that `make` makes, for as long as it lives. With `SERVER_TIMING`, each
/// answer says what it cost in DynamoDB.
///
/// # Errors
/// The runtime API is out of reach, or a variable can't be used.
pub async fn run(make: impl AsyncFnOnce() -> Result<Router, Error>) -> Result<(), Error> {
    // First of all, so that a start that fails says why.
    telemetry::init_json();
    let mut router = service::wrap(make().await?, &config::required("ISSUER")?);
    if config::boolean("SERVER_TIMING", false)? {
        router = router.layer(middleware::map_response(service::show_costs));
    }
    lambda_http::run(router.map_request(from_gateway)).await
}

fn from_gateway(mut request: Request) -> Request {
    if let Some(end) = request.lambda_context_ref().map(lambda_http::Context::deadline) {
        let left = end.duration_since(SystemTime::now()).unwrap_or_default();
        request.extensions_mut().insert(AnswerDue::within(left));
    }
    if let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() {
        let source = context.http.source_ip.as_deref().and_then(|source| source.parse().ok());
        let id = context.request_id.clone();
        if let Some(id) = id {
            request.extensions_mut().insert(GatewayRequestId(id));
        }
        if let Some(source) = source {
            request.extensions_mut().insert(SourceAddress(source));
        }
    }
    restore_path(request)
}

/// The gateway decodes `rawPath`, and `lambda_http` then cuts it at `#` or `?`. Puts it together again, each byte that
/// isn't unreserved (RFC 3986, section 2.3) encoded once; `/` stays, since it can't be told apart.
fn restore_path(mut request: Request) -> Request {
    let mut path = String::new();
    for byte in request.raw_http_path().bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => path.push(char::from(byte)),
            byte => {
                let _ = write!(path, "%{byte:02X}");
            }
        }
    }
    if let Some(query) = request.uri().query().filter(|_| !request.raw_http_path().contains('?')) {
        path.push('?');
        path.push_str(query);
    }
    let mut parts = request.uri().clone().into_parts();
    if let Ok(path_and_query) = path.parse() {
        parts.path_and_query = Some(path_and_query);
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use lambda_http::{Body, Context};
    use tokio::time::Instant;

    use super::*;

    #[test]
    fn the_answer_is_due_three_seconds_before_the_function_is_killed() {
        let due_in = |seconds: u64| {
            let end = SystemTime::now() + Duration::from_secs(seconds);
            let mut context = Context::default();
            context.deadline = u64::try_from(end.duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
            let request = from_gateway(Request::new(Body::Empty).with_lambda_context(context));
            let AnswerDue(due) = *request.extensions().get().unwrap();
            due.saturating_duration_since(Instant::now()).as_secs_f64().round()
        };
        // A function that may run for longer is still cut off by the gateway.
        for (function, answer) in [(29, 26.0), (10, 7.0), (2, 0.0), (60, 26.0)] {
            assert!((due_in(function) - answer).abs() < f64::EPSILON, "{function}");
        }
    }
}
