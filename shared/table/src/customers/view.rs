use domain::{ids::OrganizationId, text::CustomerNumber};

use super::{
    Customer, MemberCustomer,
    with_tier::{CustomerWithTier, Looked},
};
use crate::{CustomerError, Error, OrganizationScope, Table, scope::Authority};

impl Table {
    /// The customer that a user buys for, for the user's token: one round trip.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn customer_for_member(
        &self,
        organization: &OrganizationId,
        number: &CustomerNumber,
    ) -> Result<MemberCustomer, Error> {
        let reads = self.reads_by(Authority::Member);
        let found = reads.customer_with_tier(organization, number).await?;
        let Some(Looked(Some(CustomerWithTier { customer, tier }))) = found else { return Ok(MemberCustomer::Unknown) };
        Ok(match tier {
            _ if !customer.active => MemberCustomer::Inactive,
            Some(tier) => MemberCustomer::Active(customer.with_tier(tier)),
            None => MemberCustomer::WithoutTier,
        })
    }
}

impl OrganizationScope<'_> {
    /// The customer of this number: one round trip.
    ///
    /// # Errors
    /// [`CustomerError::NotFound`], the scope's own, or the table is out of reach.
    pub async fn customer(&self, number: &CustomerNumber) -> Result<Customer, CustomerError> {
        let Looked(found) = self.checked_with_organization(|reads| reads.customer_with_tier(self.id(), number)).await?;
        let CustomerWithTier { customer, tier } = found.ok_or(CustomerError::NotFound)?;
        let tier = tier.ok_or_else(|| Error::Unavailable("a customer's price tier is gone".to_owned()))?;
        Ok(customer.with_tier(tier))
    }
}
