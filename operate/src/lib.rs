//! An operator's commands: whether an index is right, its mending, the end of a signing key, the upgrade of a table,
//! and data for benchmarks.

mod migrate;
mod place;
mod rebuild_index;
mod retire_key;
mod seed;
mod verify_index;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

/// Why a command failed, for whoever gave it.
type Failure = Box<dyn std::error::Error>;

/// What an operator does with a table of the organizations API.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Command {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Walks the indexes of an organization and says whether every count is right.
    VerifyIndex(verify_index::VerifyIndex),
    /// Mends the indexes of an organization, while calls go on, and says what was wrong.
    RebuildIndex(rebuild_index::RebuildIndex),
    /// Ends a signing key once every token signed by it has ended.
    RetireKey(retire_key::RetireKey),
    /// Brings what an earlier version stored into the form of this one, after its deployment.
    Migrate(migrate::Migrate),
    /// Fills an organization with made-up associations, for benchmarks.
    Seed(seed::Seed),
    /// Imports a CSV file of any size over the API.
    Import(transfer::Import),
    /// Exports over the API, as a CSV file that an import takes.
    Export(transfer::Export),
}

impl Command {
    /// Does what the command line says.
    pub async fn run(self) -> ExitCode {
        let done = match self.task {
            Task::VerifyIndex(task) => task.run().await,
            Task::RebuildIndex(task) => task.run().await,
            Task::RetireKey(task) => task.run().await,
            Task::Migrate(task) => task.run().await,
            Task::Seed(task) => task.run().await,
            Task::Import(task) => return task.run().await,
            Task::Export(task) => return task.run().await,
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
}
