//! The `customers` function on AWS Lambda.

use lambda_http::Error;
use shared::lambda;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda::run(async |app| Ok(customers::router(app))).await
}
