//! The `auth` function on AWS Lambda.

use auth::{AuthApp, Issuer, TrustedIssuers};
use lambda_http::Error;
use shared::{App, lambda};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda::run(async || {
        let (issuer, trusted) = (Issuer::from_env()?, TrustedIssuers::from_env()?);
        Ok(auth::router(AuthApp::start(App::from_env().await?, issuer, trusted).await))
    })
    .await
}
