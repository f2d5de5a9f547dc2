use std::io::{self, Write};

use clap::Args;
use shared::table::{IndexReport, VerifiedIndexes};

use crate::{Failure, place::Target};

/// Says whether every count of an organization's indexes is right, and which isn't.
#[derive(Debug, Args)]
pub(crate) struct VerifyIndex {
    #[command(flatten)]
    target: Target,
}

impl VerifyIndex {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let Target { organization, place } = &self.target;
        let opened = place.open().await?;
        opened.table.code_of(organization).await?.ok_or("the organization no longer exists")?;
        let VerifiedIndexes { orders, associations, customers, users } =
            opened.table.verify_indexes(organization).await?;
        let mut faults = 0;
        for (order, report) in orders {
            let IndexReport { entries, buckets, parents, faults: found } = report;
            let parents = if parents > 0 { format!(" of {parents} parents") } else { String::new() };
            writeln!(io::stdout(), "{order}: {entries} entries in {buckets} buckets{parents}, {} faults", found.len())?;
            for fault in &found {
                writeln!(io::stdout(), "  {fault}")?;
            }
            faults += found.len();
        }
        for (collection, differing) in [("associations", associations), ("customers", customers), ("users", users)] {
            if differing > 0 {
                writeln!(
                    io::stdout(),
                    "{collection}: {differing} not the same in both orders, or not as the roles are"
                )?;
                faults += differing;
            }
        }
        if faults > 0 { Err(format!("{faults} faults").into()) } else { Ok(()) }
    }
}
