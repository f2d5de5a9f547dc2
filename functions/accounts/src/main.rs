//! The `accounts` function on AWS Lambda.

use accounts::AccountsApp;
use lambda_http::Error;
use shared::{brand::Brand, lambda, link_token::LinkSigner};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda::run(async |app| {
        let (links, brand) = (LinkSigner::from_env()?, Brand::from_env()?);
        Ok(accounts::router(AccountsApp::new(app, links, brand)))
    })
    .await
}
