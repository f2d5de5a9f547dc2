//! Which customer account of the ERP a user buys for: `/api/organizations/users/associate-customer`, `…/associations`.

mod associate;
mod dissociate;
mod filters;
mod list;
mod parameters;

use axum::Router;
use shared::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes with their documentation.
#[must_use]
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(associate::associate_customer))
        .routes(routes!(list::list_associations, dissociate::dissociate_customer))
}

/// The function's router.
pub fn router(app: App) -> Router {
    Router::from(routes()).with_state(app)
}
