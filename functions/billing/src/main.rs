//! The `billing` function on AWS Lambda.

use billing::{BillingApp, BillingSecrets};
use lambda_http::Error;
use shared::{App, lambda};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda::run(async || {
        let secrets = BillingSecrets::from_env()?;
        Ok(billing::router(BillingApp::new(App::from_env().await?, secrets)))
    })
    .await
}
