//! Accounts: `POST /api/users`.

mod create;

use axum::Router;
use shared::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes with their documentation.
#[must_use]
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(create::create_user))
}

/// The function's router.
pub fn router(app: App) -> Router {
    Router::from(routes()).with_state(app)
}
