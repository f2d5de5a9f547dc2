//! Runs a router as an AWS Lambda function behind an HTTP API (payload 2.0).

use std::{fmt::Write, time::SystemTime};

use axum::{Router, middleware};
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::config;
use lambda_http::{
    Adapter, Error, LambdaEvent, Request, RequestExt,
    http::{HeaderName, Uri, header},
    lambda_runtime,
    request::{LambdaRequest, RequestContext},
    tower::ServiceExt,
};
use tokio::try_join;
use url::Url;

use crate::{
    App,
    distribution::Distribution,
    service::{self, AnswerDue, GatewayRequestId},
    source::SourceAddress,
    telemetry,
};

/// The scheme that the caller used, as the gateway says it.
const FORWARDED_SCHEME: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Answers the function's requests by the router that `make` makes, for as long as it lives. With `SERVER_TIMING`, each
/// answer says what it cost in DynamoDB.
///
/// While the router is made, the public keys are read, which also opens the connection to the table. A table out of
/// reach is no error here: the first request that needs it answers 503.
///
/// # Errors
/// The runtime API is out of reach, or a variable can't be used.
pub async fn run(make: impl AsyncFnOnce(App) -> Result<Router, Error>) -> Result<(), Error> {
    // First of all, so that a start that fails says why.
    telemetry::init_json();
    let (router, distribution) = prepare(make).await.inspect_err(|error| telemetry::log_failed_start(&**error))?;
    let arrived = move |request| match &distribution {
        Some(distribution) => distribution.judged(from_gateway(request)),
        None => from_gateway(request),
    };
    let fitted = |event: LambdaEvent<LambdaRequest>| LambdaEvent { payload: fit(event.payload), ..event };
    lambda_runtime::run(Adapter::from(router.map_request(arrived)).map_request(fitted)).await
}

async fn prepare(
    make: impl AsyncFnOnce(App) -> Result<Router, Error>,
) -> Result<(Router, Option<Distribution>), Error> {
    let app = App::from_env()?;
    // The read goes first, so that its connection is being opened while the router is made. It ends before the first
    // event is asked for, since Lambda may freeze a process that asks.
    let read = async {
        app.verifier.keys().fill().await;
        Ok(())
    };
    let ((), router) = try_join!(biased; read, make(app.clone()))?;
    let mut router = service::wrap(router, &config::required("ISSUER")?);
    if config::boolean("SERVER_TIMING", false)? {
        router = router.layer(middleware::map_response(service::show_costs));
    }
    Ok((router, Distribution::from_env()?))
}

/// Makes an event fit what `lambda_http` makes a request of: where host, path and query are no URI together, or a body
/// is not in the base64 that the event says, it panics, which ends the process. Example: a query with a space in it.
#[must_use]
pub fn fit(mut event: LambdaRequest) -> LambdaRequest {
    if let LambdaRequest::ApiGatewayV2(event) = &mut event {
        let host = event.headers.get(header::HOST).map(|host| host.to_str().unwrap_or_default());
        if host.is_some_and(|host| !is_host(host)) {
            event.headers.remove(header::HOST);
        }
        event.request_context.domain_name.take_if(|name| !is_host(name));
        let scheme = event.headers.get(FORWARDED_SCHEME);
        if scheme.is_some_and(|scheme| scheme != "http" && scheme != "https") {
            event.headers.remove(FORWARDED_SCHEME);
        }
        let path = event.raw_path.get_or_insert_default();
        if !path.starts_with('/') {
            path.insert(0, '/');
        }
        if let Some(query) = &mut event.raw_query_string {
            *query = percent_encode(query, |byte| byte.is_ascii_graphic() && !b"\"#<>`".contains(&byte));
        }
        // A body that isn't in base64 is read as it is, and answered as any other that is no JSON.
        event.is_base64_encoded &= event.body.as_ref().is_none_or(|body| STANDARD.decode(body).is_ok());
    }
    event
}

/// Whether `lambda_http`, which writes a URL and then reads a URI, takes a text for a host. A URL may hold braces
/// there, which a URI may not.
fn is_host(text: &str) -> bool {
    Url::parse(&format!("https://{text}/")).is_ok_and(|url| url.as_str().parse::<Uri>().is_ok())
}

/// Adds what the gateway says of a request, and restores the path that the caller sent.
#[must_use]
pub fn from_gateway(mut request: Request) -> Request {
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
    let mut path = percent_encode(request.raw_http_path(), |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/')
    });
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

/// Encodes each byte of a text but those to keep.
fn percent_encode(text: &str, keep: impl Fn(u8) -> bool) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if keep(byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
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
