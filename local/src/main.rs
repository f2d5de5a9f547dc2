//! The whole API on one machine.

use std::process::ExitCode;

use clap::Parser;
use local::Command;

#[tokio::main]
async fn main() -> ExitCode {
    Command::parse().run().await
}
