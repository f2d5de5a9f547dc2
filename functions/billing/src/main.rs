//! The `billing` function on AWS Lambda.

use billing::{BillingApp, BillingSecrets};
use lambda_http::Error;
use shared::lambda;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda::run(async |app| {
        let secrets = BillingSecrets::from_env()?;
        Ok(billing::router(BillingApp::new(app, secrets)))
    })
    .await
}
