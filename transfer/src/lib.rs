//! Imports and exports of any size: a client of the API, which sends a file in as many calls as it takes.

mod api;
mod chunks;
mod export;
mod import;
mod journal;
mod kind;
mod progress;
mod rejected;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Args;
pub use export::Export;
pub use import::Import;

/// Why a command failed, for the person who gave it.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Whose data is meant, and who asks.
#[derive(Debug, Args)]
struct Target {
    /// The address of the API.
    #[arg(long, env = "API_URL", default_value = "http://127.0.0.1:3000")]
    url: String,
    /// An API key of the organization.
    #[arg(long, env = "API_KEY", hide_env_values = true)]
    key: String,
    /// For how many seconds a call is tried again while the API is busy or out of reach.
    #[arg(long, default_value_t = 600)]
    give_up_after: u64,
}

/// Says why a command failed, and gives its exit code.
fn exit_code(done: Result<ExitCode, Failure>) -> ExitCode {
    done.unwrap_or_else(|error| {
        // There is nowhere left to say that standard error is closed.
        let _ = writeln!(io::stderr(), "error: {error}");
        ExitCode::FAILURE
    })
}
