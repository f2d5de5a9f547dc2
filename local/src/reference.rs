//! The interactive reference at `/docs`: a viewer of `openapi.json` that is part of the binary and loads nothing from
//! elsewhere.

use axum::{Router, response::Response, routing::get};

use crate::web;

/// The viewer sets styles of its own at run time. It may call this port alone.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The script of the viewer's settings.
pub const QUIET: &str = include_str!("../web/quiet.js");
/// The style of pages.
pub const STYLE: &str = web::STYLE;

/// The routes of the reference.
pub(crate) fn routes() -> Router {
    Router::new()
        .route("/docs", get(show_reference))
        .route("/docs/reference.css", get(async || web::css(include_str!("../web/reference.css"))))
        .route("/docs/quiet.js", get(async || web::script(QUIET)))
        .route("/docs/reference.js", get(async || web::script(include_str!("../web/reference.js"))))
        .route("/docs/scalar.js", get(async || web::script(viewer())))
}

async fn show_reference() -> Response {
    web::with_policy(POLICY, include_str!("../web/reference.html"))
}

/// The viewer's script.
#[must_use]
pub fn viewer() -> Vec<u8> {
    scalar_api_reference::get_asset("scalar.js").unwrap_or_default()
}
