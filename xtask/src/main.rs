//! The repository's own tasks: `cargo xtask`.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;

/// The repository's own tasks.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
enum Task {
    /// Writes what is derived from the code into openapi.json, template.yaml, Cargo.toml and docs/scale.md.
    Generate {
        /// Writes nothing, and fails where a file isn't what it would be.
        #[arg(long)]
        check: bool,
    },
    /// Fails where openapi.json may break a client of the last release, and the change log doesn't say so.
    Compatibility,
    /// Prints what the bundle needs at a load, what breaks at which rate, and what a month costs.
    Scale,
    /// Writes the guides and the reference to target/site, for any static host.
    Site,
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Generate { check: true } => xtask::check(),
        Task::Generate { check: false } => xtask::generate(),
        Task::Compatibility => xtask::check_compatibility(),
        Task::Scale => io::stdout()
            .write_all(xtask::scale().as_bytes())
            .map_err(|error| xtask::Error::File { file: "standard output".to_owned(), error }),
        Task::Site => xtask::write_site().map(drop),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is nowhere left to say that standard error is closed.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
