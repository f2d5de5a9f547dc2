//! The `associations` function on AWS Lambda.

use lambda_http::Error;
use shared::{App, lambda};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda::run(async || Ok(associations::router(App::from_env().await?))).await
}
