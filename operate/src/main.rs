//! What an operator does with a table, on this machine or on AWS.

use std::process::ExitCode;

use clap::Parser;
use operate::Command;

#[tokio::main]
async fn main() -> ExitCode {
    Command::parse().run().await
}
