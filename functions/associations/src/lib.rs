//! Which customer account of the ERP a user buys for: `/api/organizations/users/associate-customer`, `…/associations`.

mod associate;
mod dissociate;
mod filters;
mod list;
mod parameters;

use axum::{
    Router,
    extract::FromRef,
    routing::{get, post},
};
use shared::{
    App,
    config::{self, ConfigError},
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// What this function holds beyond every other: how much work a list may be.
#[derive(Clone, Debug)]
pub struct AssociationsApp {
    app: App,
    max_tested_rows: u64,
}

impl AssociationsApp {
    /// Rows that a list tests one by one at most, where nothing else is configured.
    pub const MAX_TESTED_ROWS: u64 = 200_000;

    /// The function's state.
    #[must_use]
    pub fn new(app: App, max_tested_rows: u64) -> Self {
        Self { app, max_tested_rows }
    }

    /// The function's state by the environment: `MAX_TESTED_ROWS`.
    ///
    /// # Errors
    /// The variable is no positive number.
    pub fn from_env(app: App) -> Result<Self, ConfigError> {
        Ok(Self::new(app, config::positive("MAX_TESTED_ROWS", Self::MAX_TESTED_ROWS)?))
    }
}

impl FromRef<AssociationsApp> for App {
    fn from_ref(state: &AssociationsApp) -> Self {
        state.app.clone()
    }
}

/// The routes' documentation, which no start of the function makes.
#[must_use]
pub fn routes() -> OpenApiRouter<AssociationsApp> {
    OpenApiRouter::default()
        .routes(routes!(associate::associate_customer))
        .routes(routes!(list::list_associations, dissociate::dissociate_customer))
}

/// The function's router.
pub fn router(state: AssociationsApp) -> Router {
    Router::new()
        .route("/api/organizations/users/associate-customer", post(associate::associate_customer))
        .route(
            "/api/organizations/users/associations",
            get(list::list_associations).delete(dissociate::dissociate_customer),
        )
        .with_state(state)
}
