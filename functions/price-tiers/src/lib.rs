//! An organization's price tiers: `/api/organizations/price-tiers`.

mod add;
mod change;
mod list;
mod remove;

use axum::Router;
use shared::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes with their documentation.
#[must_use]
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(
        list::list_price_tiers,
        add::add_price_tier,
        change::change_price_tier,
        remove::remove_price_tier
    ))
}

/// The function's router.
pub fn router(app: App) -> Router {
    Router::from(routes()).with_state(app)
}
