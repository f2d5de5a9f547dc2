//! The `mailer` function on AWS Lambda: fed by the table's stream, and by a schedule.
// The futures of the SDK nest deeper than the compiler's default limit of 128.
#![recursion_limit = "256"]

use lambda_runtime::{Error, LambdaEvent, service_fn};
use mailer::{Mailer, Trigger};
use shared::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let mailer = &Mailer::from_env().inspect_err(|error| telemetry::log_failed_start(error))?;
    let handle = async |event: LambdaEvent<Trigger>| Ok::<_, Error>(mailer.handle(event.payload).await?);
    lambda_runtime::run(service_fn(handle)).await
}
