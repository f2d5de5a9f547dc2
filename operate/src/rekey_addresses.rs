use std::io::{self, Write};

use clap::Args;
use shared::table::RekeyedAddresses;

use crate::{Failure, place::Place};

/// Finds accounts by the present form of their addresses that were stored under an earlier one: once after an upgrade.
#[derive(Debug, Args)]
pub(crate) struct RekeyAddresses {
    #[command(flatten)]
    place: Place,
}

impl RekeyAddresses {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let opened = self.place.open().await?;
        let RekeyedAddresses { moved, taken } = opened.table.rekey_addresses().await?;
        writeln!(io::stdout(), "{moved} addresses moved")?;
        for user in &taken {
            writeln!(io::stdout(), "  {user}: the address has another account")?;
        }
        Ok(())
    }
}
