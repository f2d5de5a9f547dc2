//! Accounts: `/api/users`, forgotten passwords, and the page that mailed links open.

mod change;
mod change_password;
mod create;
mod forgot_password;
mod page;
mod reset_password;
mod view;

use axum::{
    Router,
    extract::FromRef,
    routing::{get, post},
};
use shared::{App, link::Links};
use utoipa_axum::{router::OpenApiRouter, routes};

/// What this function holds beyond every other: the means to open mailed links.
#[derive(Clone, Debug)]
pub struct AccountsApp {
    app: App,
    links: Links,
}

impl AccountsApp {
    /// The function's state.
    #[must_use]
    pub fn new(app: App, links: Links) -> Self {
        Self { app, links }
    }
}

impl FromRef<AccountsApp> for App {
    fn from_ref(state: &AccountsApp) -> Self {
        state.app.clone()
    }
}

/// The routes' documentation, which no start of the function makes.
#[must_use]
pub fn routes() -> OpenApiRouter<AccountsApp> {
    OpenApiRouter::default()
        .routes(routes!(create::create_user))
        .routes(routes!(view::view_account, change::change_account))
        .routes(routes!(change_password::change_password))
        .routes(routes!(forgot_password::forgot_password))
        .routes(routes!(reset_password::reset_password))
        .routes(routes!(page::show_page))
}

/// The function's router.
pub fn router(state: AccountsApp) -> Router {
    Router::new()
        .route("/api/users", post(create::create_user))
        .route("/api/users/me", get(view::view_account).patch(change::change_account))
        .route("/api/users/me/password", post(change_password::change_password))
        .route("/api/auth/forgot-password", post(forgot_password::forgot_password))
        .route("/api/auth/reset-password", post(reset_password::reset_password))
        .route("/account/set-password", get(page::show_page))
        .with_state(state)
}
