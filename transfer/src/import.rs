use std::{
    collections::HashMap,
    fs,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::{Args, value_parser};
use csv::ByteRecord;
use serde_json::Value;
use tokio::time::sleep;

use crate::{
    Failure, Target,
    api::{Api, sentences},
    chunks::{Chunk, Chunks, Layout},
    exit_code,
    journal::{Journal, Progress, beside},
    kind::Kind,
    progress::Shown,
    rejected::Rejected,
};

/// The exit code of an import that is done, but for rows that were rejected. 2 is a wrong command line's.
const SOME_REJECTED: u8 = 3;
/// So often a row is sent again that the API has no time for, once no other row of the call gets done either.
const MAX_IDLE_CALLS: u32 = 10;
/// Between two such calls.
const IDLE_PAUSE: Duration = Duration::from_secs(1);

/// Imports a CSV file of any size. Stopped at any moment and run again, it goes on where it was.
///
/// Rejected rows and their reasons are in FILE.rejected.csv. Exit codes: 0 for an import of all rows, 1 for one that
/// failed and goes on when it is run again, 2 for a wrong command line, 3 for one with rejected rows.
#[derive(Debug, Args)]
pub struct Import {
    /// What the rows are.
    kind: Kind,
    /// The file, in UTF-8, with a header line that names its columns.
    file: PathBuf,
    #[command(flatten)]
    target: Target,
    /// Sends nothing: checks the columns, and each row's fields by themselves. Whether accounts and price tiers exist
    /// is for the API to say.
    #[arg(long)]
    dry_run: bool,
    /// Begins anew where an earlier import was stopped.
    #[arg(long)]
    restart: bool,
    /// The most rows of one call.
    #[arg(long, default_value_t = 1_000, value_parser = value_parser!(u16).range(1..=1_000))]
    rows_per_call: u16,
}

/// What came of the rows of a chunk.
#[derive(Default)]
struct Outcome<'a> {
    written: u64,
    unchanged: u64,
    rejected: Vec<(u64, &'a ByteRecord, String)>,
}

impl Import {
    /// Does what the command line says.
    pub async fn run(self) -> ExitCode {
        exit_code(self.import().await)
    }

    async fn import(&self) -> Result<ExitCode, Failure> {
        let mut chunks = Chunks::open(&self.file)?;
        let layout = chunks.layout.clone();
        if self.dry_run {
            return self.check(&mut chunks, &layout);
        }
        let (journal, mut done) = Journal::open(&self.file, self.kind, &self.target.url, self.restart)?;
        if done.offset > 0 {
            chunks.skip_to(done.offset, done.rows)?;
            writeln!(io::stderr(), "going on after row {}", done.rows)?;
        }
        let mut rejected = Rejected::open(beside(&self.file, "rejected.csv"), &layout, done.rejected_bytes)?;
        let (api, mut shown) = (Api::new(&self.target), Shown::new(fs::metadata(&self.file)?.len(), &done)?);
        loop {
            let chunk = chunks.next(usize::from(self.rows_per_call))?;
            if chunk.rows.is_empty() {
                break;
            }
            let outcome = self.send(&api, &layout, &chunk).await?;
            done.rejected_bytes = rejected.add(&outcome.rejected)?;
            done.offset = chunk.end;
            done.rows += u64::try_from(chunk.rows.len())?;
            done.written += outcome.written;
            done.unchanged += outcome.unchanged;
            done.rejected += u64::try_from(outcome.rejected.len())?;
            journal.note(&done)?;
            shown.show(&done);
        }
        shown.end();
        rejected.end()?;
        journal.end()?;
        self.sum_up(&done)
    }

    /// Sends the rows of a chunk, again where the API had no time for them.
    async fn send<'a>(&self, api: &Api, layout: &Layout, chunk: &'a Chunk) -> Result<Outcome<'a>, Failure> {
        let mut outcome = Outcome::default();
        let mut waiting: Vec<&(u64, ByteRecord)> = Vec::new();
        for row in &chunk.rows {
            match layout.fault(&row.1) {
                Some(fault) => outcome.rejected.push((row.0, &row.1, fault)),
                None => waiting.push(row),
            }
        }
        let (path, mut idle) = (format!("{}/import", self.kind.path()), 0);
        while !waiting.is_empty() {
            let file = layout.file(waiting.iter().map(|(_, row)| row))?;
            let answer = api.post_csv(&path, &file).await?;
            let count = |name: &str| answer[name].as_u64().ok_or("the answer is not the API's");
            if count("Rows")? != u64::try_from(waiting.len())? {
                return Err("the API has read another number of rows than were sent".into());
            }
            outcome.written += count("Written")?;
            outcome.unchanged += count("Unchanged")?;
            let rejected: HashMap<_, _> = answer["Rejected"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|rejected| Some((rejected["Row"].as_u64()?, rejected)))
                .collect();
            let mut again = Vec::new();
            for (place, row) in (1..).zip(&waiting) {
                match rejected.get(&place) {
                    Some(rejected) if has_no_time(rejected) && idle < MAX_IDLE_CALLS => again.push(*row),
                    Some(rejected) => outcome.rejected.push((row.0, &row.1, reasons(rejected))),
                    None => {}
                }
            }
            if again.len() == waiting.len() {
                idle += 1;
                sleep(IDLE_PAUSE).await;
            } else {
                idle = 0;
            }
            waiting = again;
        }
        outcome.rejected.sort_by_key(|(number, ..)| *number);
        Ok(outcome)
    }

    /// Checks a file as far as that goes without the API, and writes nothing.
    fn check(&self, chunks: &mut Chunks, layout: &Layout) -> Result<ExitCode, Failure> {
        let (mut rows, mut rejected) = (0_u64, 0_u64);
        let mut said = io::stdout().lock();
        loop {
            let chunk = chunks.next(usize::from(self.rows_per_call))?;
            let mut good = Vec::new();
            for (number, row) in &chunk.rows {
                match layout.fault(row) {
                    Some(fault) => {
                        rejected += 1;
                        writeln!(said, "row {number}: {fault}")?;
                    }
                    None => good.push((number, row)),
                }
            }
            let read = self.kind.check(&layout.file(good.iter().map(|(_, row)| *row))?).map_err(|problem| {
                let fields = problem.field_errors().map(|(name, says)| format!("{name} {says}"));
                fields.collect::<Vec<_>>().join("; ")
            })?;
            for ((number, _), errors) in good.iter().zip(read) {
                let Some(errors) = errors else { continue };
                rejected += 1;
                let errors = errors.iter().flat_map(|(name, errors)| errors.iter().map(move |error| (name, error)));
                let errors: Vec<_> = errors.map(|(name, error)| format!("{name} {error}")).collect();
                writeln!(said, "row {number}: {}", errors.join("; "))?;
            }
            if chunk.rows.is_empty() {
                break;
            }
            rows += u64::try_from(chunk.rows.len())?;
        }
        writeln!(said, "{rows} rows, {rejected} of which can't be imported; nothing was sent")?;
        Ok(if rejected == 0 { ExitCode::SUCCESS } else { SOME_REJECTED.into() })
    }

    fn sum_up(&self, done: &Progress) -> Result<ExitCode, Failure> {
        let Progress { rows, written, unchanged, rejected, .. } = done;
        writeln!(io::stdout(), "{rows} rows: {written} written, {unchanged} unchanged, {rejected} rejected")?;
        if *rejected == 0 {
            return Ok(ExitCode::SUCCESS);
        }
        writeln!(io::stdout(), "the reasons are in {}", beside(&self.file, "rejected.csv").display())?;
        Ok(SOME_REJECTED.into())
    }
}

/// Whether the API had no time for a row.
fn has_no_time(rejected: &Value) -> bool {
    rejected["codes"]["Row"][0] == "not_attempted"
}

/// What is wrong with a row, for a person.
fn reasons(rejected: &Value) -> String {
    let fields = rejected["errors"].as_object().into_iter().flatten();
    fields.map(|(name, errors)| format!("{name} {}", sentences(errors))).collect::<Vec<_>>().join("; ")
}
