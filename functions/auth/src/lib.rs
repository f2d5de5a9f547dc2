//! Sign-in, token enrichment, machine credentials, and the public keys: `/api/auth/*`, `/api/organizations/api-access`,
//! `/.well-known/*`, and the same for standard clients: `/oauth2/token`.

mod access;
mod create_credential;
mod discovery;
mod enrich;
mod list_credentials;
mod login;
mod machine_sign_in;
mod oauth;
mod revoke_credential;
mod signed_in;
mod signing;
mod trusted;

use axum::extract::FromRef;
use shared::{App, claims::Identity, ids::ClientId, problem::Problem};

use signing::Signed;
pub use signing::{Issuer, Key, SetupError};
pub use trusted::TrustedIssuers;

/// The function's state: every function's, and the means to sign.
#[derive(Clone, Debug)]
pub struct AuthApp {
    app: App,
    issuer: Issuer,
    trusted: TrustedIssuers,
}

impl AuthApp {
    /// The function's state; publishes the issuer's public key where that isn't done yet. A table out of reach is no
    /// error here: the first token is signed after the key is published.
    pub async fn start(app: App, issuer: Issuer, trusted: TrustedIssuers) -> Self {
        if let Err(error) = issuer.publish(&app).await {
            tracing::warn!(%error, "the public key could not be published yet");
        }
        Self { app, issuer, trusted }
    }

    /// Signs a token that names `identity`, by a key that is published. A machine that asks for it is its `client`.
    async fn sign(&self, identity: Identity, client: Option<&ClientId>) -> Result<Signed, Problem> {
        self.sign_until(identity, client, None).await
    }

    /// Signs like [`Self::sign`] a token that ends at `end` at the latest, in seconds since the epoch.
    async fn sign_until(
        &self,
        identity: Identity,
        client: Option<&ClientId>,
        end: Option<u64>,
    ) -> Result<Signed, Problem> {
        self.issuer.publish(&self.app).await?;
        self.issuer.sign(&self.app, identity, client, end).await
    }
}

impl FromRef<AuthApp> for App {
    fn from_ref(state: &AuthApp) -> Self {
        state.app.clone()
    }
}

shared::routes!(
    AuthApp,
    login::sign_in,
    access::exchange_token,
    create_credential::create_credential,
    list_credentials::list_credentials,
    revoke_credential::revoke_credential,
    discovery::get_key_set,
    discovery::get_issuer_metadata,
    discovery::get_server_metadata,
    oauth::issue_token
);
