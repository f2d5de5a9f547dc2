//! The `auth` function on AWS Lambda.

use auth::{AuthApp, Issuer, TrustedIssuers};
use lambda_http::Error;
use shared::{App, lambda};
use tokio::join;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda::run(async || {
        // The key pair is derived, or KMS asked for it, while the table answers.
        let (issuer, app) = join!(biased; Issuer::from_env(), App::from_env());
        Ok(auth::router(AuthApp::start(app?, issuer?, TrustedIssuers::from_env()?).await))
    })
    .await
}
