//! The layers around every router, on Lambda and on one machine: the request's id, the time at which its answer is due,
//! its log line, 404 and 405, and the fields that every answer's head has.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use domain::ids;
use dynamo::{Costs, RequestContext};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use crate::{
    distribution::PastTheDistribution,
    problem::{Problem, ProblemCode, with_issuer},
    request_metrics,
};

/// Carries a request's id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The id that the gateway gave a request. The server puts it into the request's extensions.
#[derive(Clone, Debug)]
pub struct GatewayRequestId(pub String);

/// The time at which a request's answer is due at the latest. The server puts it into the request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct AnswerDue(pub Instant);

/// How long a call may take before its caller gives up: as long as a function runs, and a second less than the gateway
/// waits.
const MAX_CALL_TIME: Duration = Duration::from_secs(29);

/// What is left of a call once its answer is due: a second for work after the request, and two on the way.
const RESERVE: Duration = Duration::from_secs(3);

impl Default for AnswerDue {
    /// The time at which the answer is due to a call that comes in now and whose caller waits as long as the gateway
    /// lets it.
    fn default() -> Self {
        Self::within(MAX_CALL_TIME)
    }
}

impl AnswerDue {
    /// The time at which the answer is due to a call that is given up in `time` from now.
    #[must_use]
    pub fn within(time: Duration) -> Self {
        Self(Instant::now() + time.min(MAX_CALL_TIME).saturating_sub(RESERVE))
    }
}

/// How long browsers reach the API by https alone, and everything below its domain: two years (RFC 6797).
const STRICT_TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=63072000; includeSubDomains");

/// Wraps `router`, whose paths must all be there by now, and which `issuer` is the address of.
pub fn wrap(router: Router, issuer: &str) -> Router {
    let https = issuer.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"));
    let issuer: Arc<str> = issuer.into();
    router
        .method_not_allowed_fallback(async || Problem::new(ProblemCode::MethodNotAllowed))
        .fallback(async || Problem::new(ProblemCode::NotFound))
        .layer(middleware::from_fn(in_context))
        .layer(middleware::from_fn_with_state(https, protect))
        .layer(middleware::from_fn(move |request, next: Next| with_issuer(issuer.clone(), next.run(request))))
}

/// Whatever is below one of these paths belongs to its caller.
const OF_THE_CALLER: [&str; 2] = ["/api", "/oauth2"];

/// Adds what browsers and caches have to know of every answer, be it an error. What belongs to its caller is never
/// kept: with an `x-api-key` in the place of `Authorization`, a cache would take it for everybody's (RFC 9111, section
/// 3.5).
async fn protect(State(https): State<bool>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_below = |root| path.strip_prefix(root).is_some_and(|rest: &str| rest.is_empty() || rest.starts_with('/'));
    let is_of_the_caller = OF_THE_CALLER.into_iter().any(is_below);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if is_of_the_caller {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT);
    }
    response
}

async fn in_context(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request.extensions_mut().remove::<GatewayRequestId>().map_or_else(|| ids::random_id(24), |id| id.0);
    let AnswerDue(due) = request.extensions_mut().remove().unwrap_or_default();
    let is_past = request.extensions_mut().remove::<PastTheDistribution>().is_some();
    let context = RequestContext::new(id, due);
    let method = request.method().clone();
    // The route and never the path: a path can hold what doesn't belong in a log.
    let route = request.extensions().get::<MatchedPath>().cloned();

    // At this level no filter drops the id from the lines that are logged.
    let span = tracing::error_span!("request", request_id = context.id());

    let answer = async {
        if is_past {
            let detail = "This address is not the API's own, which is the issuer of its tokens.";
            return Problem::new(ProblemCode::MisdirectedRequest).detail(detail).into_response();
        }
        timeout_at(due, next.run(request)).await.unwrap_or_else(|_| {
            tracing::warn!("the answer was due before the request was done");
            Problem::unavailable().into_response()
        })
    };
    let mut response = context.scope(answer).instrument(span.clone()).await;
    // The work after the request is no part of what the call cost.
    let costs = context.costs();
    if response.status().is_success() {
        context.run_after_request().instrument(span.clone()).await;
    }

    if let Ok(id) = HeaderValue::from_str(context.id()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let _entered = span.enter();
    tracing::info!(
        target: request_metrics::TARGET,
        %method,
        route = route.as_ref().map_or(request_metrics::NO_ROUTE, MatchedPath::as_str),
        status = response.status().as_u16(),
        milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        calls = costs.calls,
        attempts = costs.attempts,
        round_trips = costs.round_trips,
        units = costs.units,
        "answered"
    );
    response.extensions_mut().insert(costs);
    response
}

/// Says what a call cost in DynamoDB, in the header that browsers show (W3C Server Timing).
pub async fn show_costs(mut response: Response) -> Response {
    if let Some(costs) = response.extensions().get::<Costs>() {
        let Costs { calls, attempts, round_trips, units, write_units } = costs;
        let shown = format!(
            "dynamodb;desc=\"calls={calls} attempts={attempts} round_trips={round_trips} units={units} \
             write_units={write_units}\""
        );
        if let Ok(shown) = HeaderValue::from_str(&shown) {
            response.headers_mut().insert(SERVER_TIMING, shown);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::{
        body::Body,
        http::{HeaderMap, StatusCode},
        routing::get,
    };
    use lambda_http::tower::ServiceExt;

    use super::*;

    async fn head(path: &str, issuer: &str) -> HeaderMap {
        let cached = async || ([(header::CACHE_CONTROL, "public")], "x");
        let router = Router::new().route("/api/x", get(cached)).route("/x", get(cached));
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        wrap(router, issuer).oneshot(request).await.unwrap().headers().clone()
    }

    #[tokio::test]
    async fn an_issuer_with_https_tells_browsers_to_keep_to_it_and_another_one_does_not() {
        for path in ["/api/x", "/x", "/api/nowhere", "/nowhere"] {
            let headers = head(path, "HTTPS://api.acme.example").await;
            assert_eq!(headers[header::STRICT_TRANSPORT_SECURITY], "max-age=63072000; includeSubDomains", "{path}");
            assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
            let headers = head(path, "http://127.0.0.1:3000").await;
            assert!(!headers.contains_key(header::STRICT_TRANSPORT_SECURITY), "{path}");
        }
    }

    #[tokio::test]
    async fn what_comes_past_the_distribution_reaches_no_route() {
        let router = Router::new().route("/api/x", get(async || "x"));
        for path in ["/api/x", "/api/nowhere"] {
            let request = Request::builder().uri(path).extension(PastTheDistribution);
            let request = request.extension(GatewayRequestId("past".to_owned())).body(Body::empty()).unwrap();
            let answer = wrap(router.clone(), "https://api.acme.example").oneshot(request).await.unwrap();
            assert_eq!(answer.status(), StatusCode::MISDIRECTED_REQUEST, "{path}");
            assert_eq!(answer.headers()[REQUEST_ID], "past", "{path}");
            assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store", "{path}");
        }
    }

    #[tokio::test]
    async fn nothing_of_a_caller_is_stored_and_the_rest_keeps_its_own_caching() {
        for (path, caching) in
            [("/api/x", "no-store"), ("/api", "no-store"), ("/oauth2/x", "no-store"), ("/x", "public")]
        {
            assert_eq!(head(path, "http://x").await[header::CACHE_CONTROL], caching, "{path}");
        }
        for path in ["/apiary", "/oauth2x"] {
            assert!(!head(path, "http://x").await.contains_key(header::CACHE_CONTROL), "{path}");
        }
    }
}
