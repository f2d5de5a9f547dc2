//! Sign-in, token enrichment, machine credentials, and the public keys: `/api/auth/*`, `/api/organizations/api-access`,
//! `/.well-known/*`.

mod access;
mod create_credential;
mod discovery;
mod enrich;
mod list_credentials;
mod login;
mod machine_sign_in;
mod revoke_credential;
mod signing;
mod trusted;

use axum::{
    Router,
    extract::FromRef,
    http::{HeaderName, header::CACHE_CONTROL},
    routing::{get, post},
};
use shared::{App, claims::Identity, problem::Problem};
use utoipa_axum::{router::OpenApiRouter, routes};

use signing::Signed;
pub use signing::{Issuer, SetupError};
pub use trusted::TrustedIssuers;

/// On every answer that holds a token (RFC 6749, section 5.1).
const NO_STORE: NoStore = [(CACHE_CONTROL, "no-store")];

type NoStore = [(HeaderName, &'static str); 1];

/// What this function holds beyond every other: the means to sign.
#[derive(Clone, Debug)]
pub struct AuthApp {
    app: App,
    issuer: Issuer,
    trusted: TrustedIssuers,
}

impl AuthApp {
    /// The function's state; publishes the issuer's public key where that isn't done yet. A table out of reach is no error
    /// here: the first token is signed after the key is published.
    pub async fn start(app: App, issuer: Issuer, trusted: TrustedIssuers) -> Self {
        if let Err(error) = issuer.publish(&app).await {
            tracing::warn!(%error, "the public key could not be published yet");
        }
        Self { app, issuer, trusted }
    }

    /// Signs a token that names `identity`, by a key that is published.
    async fn sign(&self, identity: Identity) -> Result<Signed, Problem> {
        self.issuer.publish(&self.app).await?;
        self.issuer.sign(&self.app, identity).await
    }
}

impl FromRef<AuthApp> for App {
    fn from_ref(state: &AuthApp) -> Self {
        state.app.clone()
    }
}

/// The routes' documentation, which no start of the function makes.
#[must_use]
pub fn routes() -> OpenApiRouter<AuthApp> {
    OpenApiRouter::default()
        .routes(routes!(login::sign_in))
        .routes(routes!(access::enrich_token))
        .routes(routes!(
            create_credential::create_credential,
            list_credentials::list_credentials,
            revoke_credential::revoke_credential
        ))
        .routes(routes!(discovery::get_key_set))
        .routes(routes!(discovery::get_configuration))
}

/// The function's router.
pub fn router(state: AuthApp) -> Router {
    Router::new()
        .route("/api/auth/login", post(login::sign_in))
        .route("/api/auth/access", post(access::enrich_token))
        .route(
            "/api/organizations/api-access",
            get(list_credentials::list_credentials)
                .post(create_credential::create_credential)
                .delete(revoke_credential::revoke_credential),
        )
        .route("/.well-known/jwks.json", get(discovery::get_key_set))
        .route("/.well-known/openid-configuration", get(discovery::get_configuration))
        .with_state(state)
}
