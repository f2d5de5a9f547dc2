//! The `accounts` function on AWS Lambda.

use accounts::AccountsApp;
use shared::{App, lambda, link::Links};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let links = Links::from_env()?;
    let app = App::from_env().await?;
    lambda::run(accounts::router(AccountsApp::new(app, links))).await
}
