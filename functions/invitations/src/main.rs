//! The `invitations` function on AWS Lambda.

use invitations::InvitationsApp;
use lambda_http::Error;
use shared::{App, lambda, link_token::LinkSigner};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda::run(async || {
        let links = LinkSigner::from_env()?;
        Ok(invitations::router(InvitationsApp::new(App::from_env().await?, links)))
    })
    .await
}
