//! An organization's customers: `/api/customers`.

mod customer;
mod number;
mod put;
mod remove;
mod view;

use axum::{Router, routing::get};
use shared::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes' documentation, which no start of the function makes.
#[must_use]
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(put::put_customer, view::view_customer_by_query, remove::remove_customer_by_query))
        .routes(routes!(view::view_customer, remove::remove_customer))
}

/// The function's router.
pub fn router(app: App) -> Router {
    Router::new()
        .route(
            "/api/customers",
            get(view::view_customer_by_query).put(put::put_customer).delete(remove::remove_customer_by_query),
        )
        .route("/api/customers/{CustomerNumber}", get(view::view_customer).delete(remove::remove_customer))
        .with_state(app)
}
