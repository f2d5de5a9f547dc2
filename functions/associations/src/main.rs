//! The `associations` function on AWS Lambda.

use shared::{App, lambda};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let app = App::from_env().await?;
    lambda::run(associations::router(app)).await
}
