//! The pages of `cargo run`, which no deployment has: home, reference, mailbox, plans, and what they load.

use askama::Template;
use axum::{
    Router,
    http::{HeaderValue, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use shared::problem::Problem;

/// What a browser lets a page do (Content Security Policy Level 3): load from this port alone, and nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The style of every page.
pub(crate) const STYLE: &str = include_str!("../web/style.css");

/// The files that pages load.
pub(crate) fn files() -> Router {
    Router::new()
        .route("/_local/style.css", get(async || css(STYLE)))
        .route("/llms.txt", get(async || include_str!("../../llms.txt")))
        .route("/_local/home.js", get(async || script(include_str!("../web/home.js"))))
}

pub(crate) fn css(text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], text).into_response()
}

pub(crate) fn script(text: impl IntoResponse) -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], text).into_response()
}

/// Renders a page that loads from this port alone.
pub(crate) fn page(page: &impl Template) -> Result<Response, Problem> {
    page_by(POLICY, page)
}

/// Renders a page with a policy of its own.
pub(crate) fn page_by(policy: &'static str, page: &impl Template) -> Result<Response, Problem> {
    let html = page.render().map_err(|error| Problem::internal(&error))?;
    Ok(with_policy(policy, html))
}

/// Answers a page with its policy.
pub(crate) fn with_policy(policy: &'static str, html: impl Into<String>) -> Response {
    let policy = [(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy))];
    (policy, Html(html.into())).into_response()
}
