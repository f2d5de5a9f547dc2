//! The `auth` function on AWS Lambda.

use auth::{AuthApp, Issuer, TrustedIssuers};
use lambda_http::Error;
use shared::{App, lambda};
use tokio::task::spawn_blocking;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda::run(async || {
        // The key pair is derived while the table answers.
        let issuer = spawn_blocking(Issuer::from_env);
        let (app, trusted) = (App::from_env().await?, TrustedIssuers::from_env()?);
        Ok(auth::router(AuthApp::start(app, issuer.await??, trusted).await))
    })
    .await
}
