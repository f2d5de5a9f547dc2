//! Organizations: `POST /api/organizations`, `GET /api/organization`; and what no other function answers.

mod create;
mod document;
mod health;
mod update;
mod view;

use axum::Router;
use shared::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes with their documentation.
#[must_use]
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(create::create_organization))
        .routes(routes!(view::view_organization, update::update_organization))
        .routes(routes!(health::check_health))
        .routes(routes!(document::get_document))
}

/// The function's router.
pub fn router(app: App) -> Router {
    Router::from(routes()).with_state(app)
}
