//! The `organizations` function on AWS Lambda.

use lambda_http::Error;
use shared::lambda;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda::run(async |app| Ok(organizations::router(app))).await
}
