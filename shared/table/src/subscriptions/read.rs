use domain::ids::OrganizationId;
use plans::ActivePlans;

use crate::{
    Error, Table,
    records::{OrganizationRecord, PlansOf},
    scope::{Authority, keys},
};

impl Table {
    /// The plans that an organization is on at this moment, for a token of a user who buys for no customer: one read.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn plans_for_member(&self, organization: &OrganizationId) -> Result<ActivePlans, Error> {
        let key = keys::organization(organization).by(Authority::Member);
        let plans = self.get_part::<PlansOf, OrganizationRecord>(key).await?;
        let keys = plans.iter().flat_map(|plans| &plans.plans).map(String::as_str);
        Ok(ActivePlans::of_keys(keys))
    }
}
