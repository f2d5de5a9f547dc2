//! The layer around every router, on Lambda and on one machine: the request's id, its log line, 404 and 405.

use std::time::Instant;

use axum::{
    Router,
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, StatusCode},
    middleware::{self, Next},
    response::Response,
};
use domain::ids;
use dynamo::{Costs, RequestContext};
use tracing::Instrument;

use crate::problem::Problem;

/// Carries a request's id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The id that the gateway gave a request. The server puts it into the request's extensions.
#[derive(Clone, Debug)]
pub struct GatewayRequestId(pub String);

/// Wraps `router`, whose paths must all be there by now.
pub fn wrap(router: Router) -> Router {
    router
        .method_not_allowed_fallback(async || Problem::new(StatusCode::METHOD_NOT_ALLOWED))
        .fallback(async || Problem::new(StatusCode::NOT_FOUND))
        .layer(middleware::from_fn(in_context))
}

async fn in_context(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request.extensions_mut().remove::<GatewayRequestId>().map_or_else(|| ids::random_id(24), |id| id.0);
    let context = RequestContext::new(id);
    let method = request.method().clone();
    // The route and never the path: a path can hold what doesn't belong in a log.
    let route = request.extensions().get::<MatchedPath>().cloned();

    // At this level no filter drops the id from the lines that are logged.
    let span = tracing::error_span!("request", request_id = context.id());

    let mut response = context.scope(next.run(request)).instrument(span.clone()).await;
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
        %method,
        route = route.as_ref().map_or("none", MatchedPath::as_str),
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
