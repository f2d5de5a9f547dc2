//! Which customer account of the ERP a user buys for: `/api/organizations/users/associate-customer`, `…/associations`.

mod associate;
mod dissociate;
mod filters;
mod import;
mod list;
mod parameters;

use axum::extract::FromRef;
pub use parameters::list_query;
use shared::{
    App,
    config::{self, ConfigError},
};

/// The function's state: every function's, and how much work a list may be.
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

shared::routes!(
    AssociationsApp,
    associate::associate_customer,
    import::import_associations,
    list::list_associations,
    dissociate::dissociate_customer;
    filters::FilterParts
);
