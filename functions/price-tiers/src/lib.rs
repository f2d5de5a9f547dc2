//! An organization's price tiers: `/api/organizations/price-tiers`.

mod add;
mod change;
mod list;
mod remove;

use axum::{Router, routing::get};
use shared::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes' documentation, which no start of the function makes.
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
    Router::new()
        .route(
            "/api/organizations/price-tiers",
            get(list::list_price_tiers)
                .post(add::add_price_tier)
                .put(change::change_price_tier)
                .delete(remove::remove_price_tier),
        )
        .with_state(app)
}
