use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, Request, State},
    http::{Response, StatusCode, request::Parts},
    response::IntoResponse,
};
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use crate::{Function, answer_of, event_of};

/// A route of the gateway: any method, to one function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// The path, as `/a/{B}`; `$default` takes what no other does.
    pub path: String,
    /// The function's name.
    pub function: String,
}

/// An HTTP API in front of functions.
#[derive(Clone, Debug)]
pub struct Gateway {
    functions: Arc<HashMap<String, Function>>,
    routes: Arc<[Route]>,
    /// Where paths go that aren't the API's: the mailbox of the bundle beside it.
    beside: Option<Arc<str>>,
}

impl Gateway {
    /// A gateway with these routes.
    #[must_use]
    pub fn new(routes: Vec<Route>, functions: Vec<Function>, beside: Option<&str>) -> Self {
        let functions = functions.into_iter().map(|function| (function.name().to_owned(), function));
        Self { functions: Arc::new(functions.collect()), routes: routes.into(), beside: beside.map(Into::into) }
    }

    /// The function of this name.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.get(name)
    }

    /// Every function.
    pub fn functions(&self) -> impl Iterator<Item = &Function> {
        self.functions.values()
    }

    /// Serves for ever.
    ///
    /// # Errors
    /// The listener failed.
    pub async fn serve(self, listener: TcpListener) -> std::io::Result<()> {
        let router = Router::new().fallback(answer).with_state(self);
        axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await
    }

    /// The route of a path, and its parameters.
    fn route(&self, path: &str) -> Option<(&Route, Map<String, Value>)> {
        let found = self.routes.iter().find_map(|route| Some((route, parameters(&route.path, path)?)));
        let default = || Some((self.routes.iter().find(|route| route.path == "$default")?, Map::new()));
        found.or_else(default)
    }
}

/// The parameters of a path that a route's pattern matches.
fn parameters(pattern: &str, path: &str) -> Option<Map<String, Value>> {
    let (mut patterns, mut segments) = (pattern.split('/'), path.split('/'));
    let mut parameters = Map::new();
    loop {
        match (patterns.next(), segments.next()) {
            (None, None) => return Some(parameters),
            (Some(pattern), Some(segment)) => {
                if let Some(name) = pattern.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                    if segment.is_empty() {
                        return None;
                    }
                    parameters.insert(name.to_owned(), json!(segment));
                } else if pattern != segment {
                    return None;
                }
            }
            _ => return None,
        }
    }
}

async fn answer(
    State(gateway): State<Gateway>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return StatusCode::BAD_REQUEST.into_response() };
    let body = body.to_bytes();
    if let Some(beside) = &gateway.beside
        && parts.uri.path().starts_with("/_local/")
    {
        return forward(beside, parts, body).await;
    }
    let Some((route, parameters)) = gateway.route(parts.uri.path()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let key = if route.path == "$default" { "$default".to_owned() } else { format!("ANY {}", route.path) };
    let event = event_of(&parts, &body, &key, parameters, peer.ip());
    let Some(function) = gateway.function(&route.function) else {
        return (StatusCode::INTERNAL_SERVER_ERROR, format!("no function {}", route.function)).into_response();
    };
    match function.invoke(event.to_string().into()).await.and_then(|answer| answer_of(&answer)) {
        Ok(answer) => answer,
        // As the gateway answers for a function that failed.
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error).into_response(),
    }
}

async fn forward(beside: &str, parts: Parts, body: Bytes) -> Response<Body> {
    let client = reqwest::Client::new();
    let request = client.request(parts.method, format!("{beside}{}", parts.uri)).headers(parts.headers).body(body);
    let Ok(answer) = request.send().await else { return StatusCode::BAD_GATEWAY.into_response() };
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut response = Response::new(Body::from(answer.bytes().await.unwrap_or_default()));
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    response
}
