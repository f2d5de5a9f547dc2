//! The `auth` function on AWS Lambda.

use auth::{AuthApp, Issuer, TrustedIssuers};
use shared::{App, lambda};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let issuer = Issuer::from_env()?;
    let trusted = TrustedIssuers::from_env()?;
    let app = App::from_env().await?;
    lambda::run(auth::router(AuthApp::start(app, issuer, trusted).await)).await
}
