//! The `auth` function on AWS Lambda.

use auth::{AuthApp, Issuer, TrustedIssuers};
use lambda_http::Error;
use shared::lambda;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda::run(async |app| {
        // The key pair is derived, or KMS asked for it, while the table answers.
        let (issuer, trusted) = (Issuer::from_env().await?, TrustedIssuers::from_env()?);
        Ok(auth::router(AuthApp::start(app, issuer, trusted).await))
    })
    .await
}
