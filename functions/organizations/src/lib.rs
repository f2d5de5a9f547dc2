//! Organizations: `POST /api/organizations`, `GET /api/organization`; and what no other function answers.

mod create;
mod document;
mod health;
mod update;
mod view;

use axum::{
    Router,
    routing::{get, post},
};
use shared::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes' documentation, which no start of the function makes.
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
    Router::new()
        .route("/api/organizations", post(create::create_organization))
        .route("/api/organization", get(view::view_organization).patch(update::update_organization))
        .route("/health", get(health::check_health))
        .route("/openapi.json", get(document::get_document))
        .with_state(app)
}
