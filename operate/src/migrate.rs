use std::io::{self, Write};

use clap::Args;
use shared::table::{
    BroughtOverCustomers, BroughtOverTiers, IndexedMembers, IndexesInForm, NotedPlans, RekeyedAddresses,
};

use crate::{Failure, place::Place};

/// Brings what an earlier version stored into the form of this one. Safe to run again, and while the API is in use.
#[derive(Debug, Args)]
pub(crate) struct Migrate {
    #[command(flatten)]
    place: Place,
}

impl Migrate {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let opened = self.place.open().await?;
        let mails = opened.table.queue_old_mails().await?;
        writeln!(io::stdout(), "{mails} pending mails were put into the queue")?;
        let RekeyedAddresses { moved, taken } = opened.table.rekey_addresses().await?;
        writeln!(io::stdout(), "{moved} addresses moved")?;
        for user in &taken {
            writeln!(io::stdout(), "  {user}: the address has another account")?;
        }
        let BroughtOverTiers { moved, taken } = opened.table.bring_over_price_tiers().await?;
        writeln!(io::stdout(), "{moved} price tiers moved")?;
        for (organization, name) in &taken {
            writeln!(io::stdout(), "  {organization}: another price tier has the name {name}; rename that one first")?;
        }
        let BroughtOverCustomers { moved } = opened.table.bring_over_customers().await?;
        writeln!(io::stdout(), "{moved} customers moved")?;
        let IndexedMembers { organizations, rows, taken } = opened.table.index_members().await?;
        writeln!(io::stdout(), "{rows} users of {organizations} organizations indexed")?;
        for (organization, user) in &taken {
            writeln!(io::stdout(), "  {organization}: the address of {user} is another user's")?;
        }
        let NotedPlans { organizations } = opened.table.note_earlier_plans().await?;
        writeln!(io::stdout(), "the plans of {organizations} organizations noted")?;
        let IndexesInForm { organizations, failed } = opened.table.settle_all_indexes().await?;
        if organizations > 0 {
            writeln!(io::stdout(), "the indexes of {organizations} organizations were brought into the present form")?;
        }
        for (organization, error) in &failed {
            writeln!(io::stdout(), "  {organization}: run rebuild-index: {error}")?;
        }
        Ok(())
    }
}
