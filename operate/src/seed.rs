use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use local::made_up_associations;

use crate::{Failure, place::Target};

/// Associations that are written by transactions between two steps of the progress bar.
const PROGRESS_CHUNK: usize = 1_000;

/// Puts made-up associations into an organization: in bulk into this machine's engine, where the organization must have
/// none yet, or by transactions into a table that `--table` names.
#[derive(Debug, Args)]
pub(crate) struct Seed {
    #[command(flatten)]
    target: Target,
    /// How many.
    #[arg(long, default_value_t = 1000)]
    count: u64,
}

impl Seed {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let Self { target, count } = self;
        let opened = target.place.open().await?;
        let organization = &target.organization;
        let code = opened.table.code_of(organization).await?.ok_or("the organization no longer exists")?;
        let associations = made_up_associations(*count)?;
        let Some(here) = &opened.here else {
            let bar = progress_bar(*count)?;
            for round in associations.chunks(PROGRESS_CHUNK) {
                opened.table.import_associations(organization, &code, round.to_vec()).await?;
                bar.inc(u64::try_from(round.len())?);
            }
            bar.finish();
            return Ok(());
        };
        let verified = opened.table.verify_indexes(organization).await?;
        let of_associations = verified.orders.iter().filter(|(name, _)| name.starts_with("associations"));
        if of_associations.clone().any(|(_, report)| report.entries > 0 || report.buckets > 1) {
            return Err("the organization has or had associations; seed a new one".into());
        }
        // Two entries and a membership each; buckets are few.
        let bar = progress_bar(count * 3)?;
        here.seed(organization, &code, associations, |items| bar.inc(items))?;
        bar.finish();
        Ok(())
    }
}

fn progress_bar(items: u64) -> Result<ProgressBar, Failure> {
    let style = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len}, {per_sec}, {eta} left")?;
    Ok(ProgressBar::new(items).with_style(style))
}
