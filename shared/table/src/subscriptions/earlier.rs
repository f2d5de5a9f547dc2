//! Subscriptions that were written past this API, before it wrote them itself: their organizations' items have no
//! `plans`.

use std::collections::BTreeMap;

use dynamo::{Backoff, Expression, text};

use crate::{
    Error, Table,
    records::SubscriptionRecord,
    scope::{Authority, Committed, keys},
};

/// What became of the organizations whose subscriptions were there before this API wrote them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NotedPlans {
    /// How many organizations have their plans noted now.
    pub organizations: usize,
}

impl Table {
    /// Notes the plans of every organization that has subscriptions and no plans yet. Reads the whole table, and takes
    /// one transaction for each such organization. It may be stopped and run again.
    ///
    /// # Errors
    /// The table is out of reach: run it again.
    pub async fn note_earlier_plans(&self) -> Result<NotedPlans, Error> {
        let condition = Expression::condition("begins_with(sk, :subscriptions)")
            .value(":subscriptions", text(keys::SUBSCRIPTION_PREFIX));
        let found = self.of_every_organization_by::<SubscriptionRecord>(&condition, Authority::Migration).await?;
        let mut noted = NotedPlans::default();
        for organization in found.into_iter().collect::<BTreeMap<_, _>>().into_keys() {
            let mut backoff = Backoff::default();
            while let Some(read) = self.subscriptions(&organization).await?.filter(|read| !read.are_noted()) {
                if let Committed::Done(_) = self.note_plans(&read).commit(()).await? {
                    noted.organizations += 1;
                    break;
                }
                backoff.wait_or_give_up("the subscriptions are being changed by others").await?;
            }
        }
        Ok(noted)
    }
}
