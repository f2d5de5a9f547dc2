//! The `mailer` function on AWS Lambda: fed by the table's stream, and by a schedule.
#![recursion_limit = "256"] // The SDK's futures nest deeper than the default lets the compiler look.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use mailer::{Mailer, Trigger};
use shared::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let mailer = &Mailer::from_env()?;
    let handle = async |event: LambdaEvent<Trigger>| Ok::<_, Error>(mailer.handle(event.payload).await?);
    lambda_runtime::run(service_fn(handle)).await
}
