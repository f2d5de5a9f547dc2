use std::io::{self, Write};

use clap::Args;
use shared::clock;

use crate::{Failure, place::Place};

/// Ends a signing key, unless no other would be left.
#[derive(Debug, Args)]
pub(crate) struct RetireKey {
    /// The key's id, as `/.well-known/jwks.json` shows it.
    #[arg(allow_hyphen_values = true)]
    kid: String,
    /// In how many seconds it ends: as long as a token lives, or 0 for a key that has leaked.
    #[arg(long, default_value_t = 12 * 60 * 60)]
    after: u64,
    #[command(flatten)]
    place: Place,
}

impl RetireKey {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let Self { kid, after, place } = self;
        let opened = place.open().await?;
        let (keys, now) = (opened.table.public_keys().await?, clock::now());
        if !keys.iter().any(|key| key.kid != *kid && key.ended_at.is_none()) {
            return Err("no other key is in use: publish another one first".into());
        }
        if !opened.table.retire_key(kid, now + after).await? {
            return Err("there is no signing key of this id, or it ends sooner".into());
        }
        writeln!(
            io::stdout(),
            "{kid} ends in {after} seconds; whoever keeps the key set may take it for five minutes more"
        )?;
        Ok(())
    }
}
