//! Sign-in, token enrichment, and the public keys: `/api/auth/*`, `/.well-known/*`.

mod access;
mod discovery;
mod enrich;
mod login;
mod signing;

use axum::{Router, extract::FromRef};
use shared::App;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use signing::{Issuer, SetupError};

/// What this function holds beyond every other: the means to sign.
#[derive(Clone, Debug)]
pub struct AuthApp {
    app: App,
    issuer: Issuer,
}

impl AuthApp {
    /// The function's state; publishes the issuer's public key where that isn't done yet.
    pub async fn start(app: App, issuer: Issuer) -> Self {
        issuer.publish(&app).await;
        Self { app, issuer }
    }
}

impl FromRef<AuthApp> for App {
    fn from_ref(state: &AuthApp) -> Self {
        state.app.clone()
    }
}

/// The routes with their documentation.
#[must_use]
pub fn routes() -> OpenApiRouter<AuthApp> {
    OpenApiRouter::default()
        .routes(routes!(login::sign_in))
        .routes(routes!(access::enrich_token))
        .routes(routes!(discovery::get_key_set))
        .routes(routes!(discovery::get_configuration))
}

/// The function's router.
pub fn router(state: AuthApp) -> Router {
    Router::from(routes()).with_state(state)
}
