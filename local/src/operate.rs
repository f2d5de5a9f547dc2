//! What an operator does with a table: look whether its indexes are right, and fill it for benchmarks.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use aws_sdk_dynamodb::Client;
use clap::Args;
use dynoxide::Database;
use indicatif::{ProgressBar, ProgressStyle};
use shared::{
    clock, config, dynamo,
    ids::OrganizationId,
    table::{IndexReport, Table},
};
use tokio::net::TcpListener;

use crate::{
    Bundle,
    data::DataDirectory,
    engine,
    seed::{made_up_associations, seed},
};

type Failure = Box<dyn std::error::Error>;

/// Associations that go to a table elsewhere between two steps of the progress bar.
const ROUND: usize = 1_000;

/// An organization, and the table that holds it.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// The organization's id.
    #[arg(value_parser = organization_id)]
    organization: OrganizationId,
    #[command(flatten)]
    place: Place,
}

/// A signing key, and the table that holds it.
#[derive(Debug, Args)]
pub(crate) struct Retirement {
    /// The key's id, as `/.well-known/jwks.json` shows it.
    #[arg(allow_hyphen_values = true)]
    kid: String,
    /// In how many seconds it ends: as long as a token lives, or 0 for a key that has leaked.
    #[arg(long, default_value_t = 12 * 60 * 60)]
    after: u64,
    #[command(flatten)]
    place: Place,
}

/// The table that holds something.
#[derive(Debug, Args)]
struct Place {
    /// A table on AWS, or wherever `AWS_ENDPOINT_URL_DYNAMODB` says, in the place of this machine's.
    #[arg(long)]
    table: Option<String>,
    /// Where this machine's data is kept; nothing else may use it meanwhile.
    #[arg(long, default_value = ".local", conflicts_with = "table")]
    data_dir: PathBuf,
}

fn organization_id(text: &str) -> Result<OrganizationId, &'static str> {
    OrganizationId::parse(text).ok_or("an organization's id is 24 hex digits")
}

/// A table in an operator's hands.
struct Opened {
    table: Table,
    /// The engine, where the table is this machine's.
    database: Option<Database>,
    _data: Option<DataDirectory>,
}

impl Place {
    async fn open(&self) -> Result<Opened, Failure> {
        if let Some(name) = &self.table {
            let endpoint = config::optional("AWS_ENDPOINT_URL_DYNAMODB");
            let client = Client::from_conf(dynamo::Table::client_config(endpoint.as_deref()).build());
            return Ok(Opened { table: Table::new(dynamo::Table::new(client, name)), database: None, _data: None });
        }
        let data = DataDirectory::open(&self.data_dir)?;
        let database = engine::open(Some(data.file(DataDirectory::DATABASE)))?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        tokio::spawn(dynoxide::server::serve_on(listener, database.clone()));
        let client = Client::from_conf(dynamo::Table::client_config(Some(&endpoint)).build());
        Ok(Opened {
            table: Table::new(dynamo::Table::new(client, Bundle::TABLE)),
            database: Some(database),
            _data: Some(data),
        })
    }
}

/// Ends a signing key, unless no other would be left.
pub(crate) async fn retire_key(retirement: &Retirement) -> Result<(), Failure> {
    let Retirement { kid, after, place } = retirement;
    let opened = place.open().await?;
    let (keys, now) = (opened.table.public_keys().await?, clock::now());
    if !keys.iter().any(|key| key.kid != *kid && key.ended_at.is_none()) {
        return Err("no other key is in use: publish another one first".into());
    }
    opened.table.retire_key(kid, now + after).await?;
    writeln!(
        io::stdout(),
        "{kid} ends in {after} seconds; whoever keeps the key set may take it for five minutes more"
    )?;
    Ok(())
}

/// Says whether every count of an organization's associations is right, and which isn't.
pub(crate) async fn verify_index(target: &Target) -> Result<(), Failure> {
    let opened = target.place.open().await?;
    opened.table.code_of(&target.organization).await?;
    let reports = opened.table.verify_associations(&target.organization).await?;
    let mut faults = 0;
    for (order, report) in ["by user", "by customer"].into_iter().zip(reports) {
        let IndexReport { entries, buckets, faults: found } = report;
        writeln!(io::stdout(), "{order}: {entries} entries in {buckets} buckets, {} faults", found.len())?;
        for fault in &found {
            writeln!(io::stdout(), "  {fault}")?;
        }
        faults += found.len();
    }
    if faults > 0 { Err(format!("{faults} faults").into()) } else { Ok(()) }
}

/// Puts made-up associations into an organization: in bulk into this machine's engine, where the organization must have
/// none yet, or in transactions into a table elsewhere.
pub(crate) async fn seed_associations(target: &Target, count: u64) -> Result<(), Failure> {
    let opened = target.place.open().await?;
    let organization = &target.organization;
    let code = opened.table.code_of(organization).await?;
    let associations = made_up_associations(count)?;
    let Some(database) = &opened.database else {
        let bar = progress_bar(count)?;
        for round in associations.chunks(ROUND) {
            opened.table.import_associations(organization, &code, round.to_vec()).await?;
            bar.inc(u64::try_from(round.len())?);
        }
        bar.finish();
        return Ok(());
    };
    let reports = opened.table.verify_associations(organization).await?;
    if reports.iter().any(|report| report.entries > 0 || report.buckets > 1) {
        return Err("the organization has or had associations; seed a new one".into());
    }
    // Two entries and a membership each; buckets are few.
    let bar = progress_bar(count * 3)?;
    seed(database, Bundle::TABLE, organization, &code, associations, |items| bar.inc(items))?;
    bar.finish();
    Ok(())
}

fn progress_bar(items: u64) -> Result<ProgressBar, Failure> {
    let style = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len}, {per_sec}, {eta} left")?;
    Ok(ProgressBar::new(items).with_style(style))
}
