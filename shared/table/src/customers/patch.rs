use domain::{conditional::Preconditions, ids, text::CustomerNumber};
use dynamo::Backoff;

use super::{
    Customer, CustomerPatch,
    write::{Known, Located, check, wait},
};
use crate::{CustomerError, OrganizationScope, records::CustomerRecord};

impl OrganizationScope<'_> {
    /// Changes a customer, where the preconditions hold of it: two round trips, and one more where another company's
    /// name moves it.
    ///
    /// # Errors
    /// [`CustomerError::NotFound`], [`CustomerError::Precondition`], [`CustomerError::NoPriceTier`], the scope's own,
    /// or the table is out of reach.
    pub async fn update_customer(
        &self,
        number: &CustomerNumber,
        patch: &CustomerPatch,
        preconditions: &Preconditions,
    ) -> Result<Customer, CustomerError> {
        let mut backoff = Backoff::default();
        loop {
            let (Known { found, tiers }, held) =
                self.checked_with_organization_to_write(|reads| self.known_customer(reads, number)).await?;
            let known = found.record().ok_or(CustomerError::NotFound)?;
            let Some(tier_as_seen) = check(preconditions, Some(known), &tiers)? else {
                wait(&mut backoff).await?;
                continue;
            };
            let tier = match &patch.pricing {
                Some(name) => tiers.of_name(name),
                None => tiers.of_id(&known.tier_id),
            };
            let tier = match (tier, &patch.pricing) {
                (Some(tier), _) => tier,
                (None, Some(_)) => return Err(CustomerError::NoPriceTier),
                // The two reads are no snapshot: the customer moved to a tier that was added between them.
                (None, None) => {
                    wait(&mut backoff).await?;
                    continue;
                }
            };
            let patched = CustomerRecord {
                company_name: patch.company_name.clone().unwrap_or_else(|| known.company_name.clone()),
                tier_id: tier.tier_id.clone(),
                tier_revision: tier.revision(),
                currency_code: patch.currency_code.clone().over(known.currency_code.clone()),
                active: patch.active.unwrap_or(known.active),
                revision: ids::random_id(16),
                customer_number: known.customer_number.clone(),
            };
            if self.store_customer(held, &found, Located::default(), tier_as_seen, &patched).await? {
                return Ok(patched.with_tier(tier.clone()));
            }
            wait(&mut backoff).await?;
        }
    }
}
