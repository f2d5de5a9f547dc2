//! Where the table is: in this machine's data, or behind an address.

use std::path::PathBuf;

use clap::Args;
use local::{Bundle, StoppedBundle};
use shared::{config, dynamo, ids::OrganizationId, table::Table};

use crate::Failure;

/// The table that holds something.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// A table on AWS, or behind `AWS_ENDPOINT_URL_DYNAMODB`, in the place of this machine's.
    #[arg(long)]
    table: Option<String>,
    /// Where this machine's data is kept; nothing else may use it meanwhile.
    #[arg(long, default_value = ".local", conflicts_with = "table")]
    data_dir: PathBuf,
}

/// An organization, and the table that holds it.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// The organization's id.
    #[arg(value_parser = organization_id)]
    pub(crate) organization: OrganizationId,
    #[command(flatten)]
    pub(crate) place: Place,
}

fn organization_id(text: &str) -> Result<OrganizationId, &'static str> {
    OrganizationId::parse(text).ok_or("an organization's id is 24 hex digits")
}

/// A table in an operator's hands.
pub(crate) struct Opened {
    pub(crate) table: Table,
    /// The data that holds the table, if it is this machine's.
    pub(crate) here: Option<StoppedBundle>,
}

impl Place {
    pub(crate) async fn open(&self) -> Result<Opened, Failure> {
        if let Some(name) = &self.table {
            let endpoint = config::endpoint("AWS_ENDPOINT_URL_DYNAMODB");
            return Ok(Opened { table: table(name, endpoint.as_deref()), here: None });
        }
        let here = StoppedBundle::open(&self.data_dir).await?;
        Ok(Opened { table: table(Bundle::TABLE, Some(&here.dynamodb_url())), here: Some(here) })
    }
}

fn table(name: &str, endpoint: Option<&str>) -> Table {
    Table::new(dynamo::Table::connect(name, endpoint))
}
