//! An organization's customers: `/api/customers`.

mod customer;
mod number;
mod put;
mod remove;
mod view;

use axum::Router;
use shared::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes with their documentation.
#[must_use]
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(put::put_customer, view::view_customer_by_query, remove::remove_customer_by_query))
        .routes(routes!(view::view_customer, remove::remove_customer))
}

/// The function's router.
pub fn router(app: App) -> Router {
    Router::from(routes()).with_state(app)
}
