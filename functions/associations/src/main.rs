//! The `associations` function on AWS Lambda.

use associations::AssociationsApp;
use shared::{App, lambda};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let app = AssociationsApp::from_env(App::from_env().await?)?;
    lambda::run(associations::router(app)).await
}
