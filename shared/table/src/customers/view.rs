use domain::{ids::OrganizationId, text::CustomerNumber};
use plans::ActivePlans;

use super::{
    Customer, MemberCustomer,
    with_tier::{CustomerWithTier, Looked},
};
use crate::{
    CustomerError, Error, OrganizationScope, Table,
    records::{CustomersPlace, CustomersPlaceAndPlans},
    scope::Authority,
};

impl Table {
    /// The customer that a user buys for and the plans that the organization is on, for the user's token: one round
    /// trip.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn customer_for_member(
        &self,
        organization: &OrganizationId,
        number: &CustomerNumber,
    ) -> Result<(MemberCustomer, ActivePlans), Error> {
        let reads = self.reads_by(Authority::Member);
        let looked = reads.customer_with_tier::<CustomersPlaceAndPlans>(organization, number).await?;
        let Some(Looked { customer, organization_part: CustomersPlaceAndPlans { plans, .. } }) = looked else {
            return Ok((MemberCustomer::Unknown, ActivePlans::of_keys([])));
        };
        let customer = match customer {
            None => MemberCustomer::Unknown,
            Some(found) if !found.customer.active => MemberCustomer::Inactive,
            Some(CustomerWithTier { customer, tier: Some(tier) }) => MemberCustomer::Active(customer.with_tier(tier)),
            Some(CustomerWithTier { tier: None, .. }) => MemberCustomer::WithoutTier,
        };
        Ok((customer, ActivePlans::of_keys(plans.iter().map(String::as_str))))
    }
}

impl OrganizationScope<'_> {
    /// The customer of this number: one round trip.
    ///
    /// # Errors
    /// [`CustomerError::NotFound`], the scope's own, or the table is out of reach.
    pub async fn customer(&self, number: &CustomerNumber) -> Result<Customer, CustomerError> {
        let found = self
            .checked_with_organization(|reads| reads.customer_with_tier::<CustomersPlace>(self.id(), number))
            .await?;
        let CustomerWithTier { customer, tier } = found.customer.ok_or(CustomerError::NotFound)?;
        let tier = tier.ok_or_else(|| Error::Unavailable("a customer's price tier is gone".to_owned()))?;
        Ok(customer.with_tier(tier))
    }
}
