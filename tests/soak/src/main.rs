//! Random calls of the function binaries through faults, kills and restarts, and checkers of what came of them: the
//! invariants of the table, what was acknowledged, and whether the calls have an order.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and prints its figures")]

mod acknowledged;
mod api;
mod arena;
mod args;
mod calls;
mod exceptions;
mod figures;
mod history;
mod invariants;
mod linearize;
mod mails;
mod models;
mod run;
mod stage;
mod tally;
mod users;
mod verdicts;

use std::{process::ExitCode, time::Duration};

use clap::Parser;

use crate::{
    args::{Args, Sabotage},
    figures::{Findings, MOST_SECONDS},
    invariants::Table,
    run::Run,
    verdicts::Report,
};

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let run = run::run(&args).await;
    let table = Table::read(&run.engine).await;
    let findings = Findings {
        invariants: invariants::check(&table),
        effects: acknowledged::check(&table, &run.arenas, &run.stage.mails, run.quiet_since),
        report: Report::of(&run.arenas, args.histories),
        items: table.len(),
        errors: run.stage.errors(),
    };
    run.stage.stop();
    figures::print(&args, &run, &findings);
    let good = match args.sabotage {
        Some(sabotage) => is_seen(sabotage, &run, &findings),
        None => is_good(&run, &findings),
    };
    println!("\n{}", if good { "good" } else { "WRONG" });
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn is_good(run: &Run, findings: &Findings) -> bool {
    let tally = run.api.tally();
    findings.half_states() == 0
        && findings.effects.lost.is_empty()
        && findings.effects.doubled.is_empty()
        && findings.report.violations() == 0
        && tally.failed() == 0
        && tally.complaints().is_empty()
        && tally.longest().0 < Duration::from_secs(MOST_SECONDS)
}

/// Whether the checker that is there for it has seen what was broken.
fn is_seen(sabotage: Sabotage, run: &Run, findings: &Findings) -> bool {
    run.stage.faults.sabotaged() > 0
        && match sabotage {
            Sabotage::LostWrite => !findings.effects.lost.is_empty() || findings.report.violations() > 0,
            Sabotage::DoubledWrite | Sabotage::HalfState => findings.half_states() > 0,
            Sabotage::StaleRead => findings.report.violations() > 0,
        }
}
