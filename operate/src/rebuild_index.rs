use std::io::{self, Write};

use clap::Args;
use shared::table::{Rebuilt, RebuiltIndexes};

use crate::{Failure, place::Target};

/// Mends every index of an organization, and says what was wrong. Safe to run again, and while the API is in use.
#[derive(Debug, Args)]
pub(crate) struct RebuildIndex {
    #[command(flatten)]
    target: Target,
}

impl RebuildIndex {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let Target { organization, place } = &self.target;
        let opened = place.open().await?;
        opened.table.code_of(organization).await?.ok_or("the organization no longer exists")?;
        let RebuiltIndexes { orders, associations, customers, users } =
            opened.table.rebuild_indexes(organization).await?;
        for (order, Rebuilt { first_bucket, buckets, parents }) in orders {
            let first = if first_bucket { ", the first bucket made" } else { "" };
            let parents = if parents { ", the parents made anew" } else { "" };
            writeln!(io::stdout(), "{order}: {buckets} buckets counted anew{first}{parents}")?;
        }
        for (collection, mended) in [("associations", associations), ("customers", customers), ("users", users)] {
            writeln!(
                io::stdout(),
                "{collection}: {mended} mended that were not the same in both orders, or not as the roles are"
            )?;
        }
        Ok(())
    }
}
