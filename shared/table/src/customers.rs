//! Customers: the commerce context that a token carries.

use domain::{
    ids::{self, OrganizationId},
    patch::Patch,
    text::{CompanyName, CurrencyCode, CustomerNumber, TierName},
};
use dynamo::{Backoff, Expression, SortKeys, number, text};

use crate::{
    CustomerError, Error, OrganizationScope, Table,
    records::{CustomerRecord, PriceTierRecord, use_counter},
    scope::{Authority, Committed, Reads, RoleHeld, keys},
};

/// A customer to be put.
#[derive(Clone, Debug)]
pub struct CustomerChange {
    /// The customer's number.
    pub number: CustomerNumber,
    /// The company's name.
    pub company_name: CompanyName,
    /// The name of the customer's price tier.
    pub pricing: TierName,
    /// The customer's own currency. Without one, the customer has its tier's.
    pub currency_code: Option<CurrencyCode>,
    /// Whether the customer's claims go into its users' tokens. If absent, it stays as it is, and is `true` for a new
    /// customer.
    pub active: Option<bool>,
}

/// A change of a customer. What is absent stays as it is.
#[derive(Clone, Debug)]
pub struct CustomerPatch {
    /// The company's new name.
    pub company_name: Option<CompanyName>,
    /// The name of the customer's new price tier.
    pub pricing: Option<TierName>,
    /// The change of the customer's own currency.
    pub currency_code: Patch<CurrencyCode>,
    /// Whether the customer's claims go into its users' tokens.
    pub active: Option<bool>,
}

/// A stored customer, with the current name and currency of its tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// The customer's number.
    pub number: CustomerNumber,
    /// The company's name.
    pub company_name: CompanyName,
    /// The name of the customer's price tier.
    pub pricing: TierName,
    /// The customer's currency, or its tier's.
    pub currency_code: CurrencyCode,
    /// Whether the customer's claims go into its users' tokens.
    pub active: bool,
}

/// The customer of a user's token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberCustomer {
    /// The organization has no record of the customer, which the ERP owns.
    Unknown,
    /// The customer is inactive.
    Inactive,
    /// The customer's price tier is gone, which no call of the API can bring about.
    WithoutTier,
    /// The customer is active.
    Active(Customer),
}

/// The condition of a customer's write that failed.
enum CustomerRefusal {
    /// Another request changed the customer.
    Changed,
    /// The tier is gone.
    NoTier,
    /// The tier that the customer was on has no counter.
    NoOldTier,
}

impl CustomerRecord {
    fn with_tier(self, tier: PriceTierRecord) -> Customer {
        Customer {
            number: self.customer_number,
            company_name: self.company_name,
            pricing: tier.name,
            currency_code: self.currency_code.unwrap_or(tier.currency_code),
            active: self.active,
        }
    }

    /// Returns the customer with its tier. A tier with customers can't be removed. If the tier is not among those that
    /// were read concurrently, the customer was moved to a new tier between the two reads.
    fn with_tier_among(self, tiers: Vec<PriceTierRecord>) -> Result<Customer, Error> {
        match tiers.into_iter().find(|tier| tier.tier_id == self.tier_id) {
            Some(tier) => Ok(self.with_tier(tier)),
            None => Err(Error::Unavailable("a customer's price tier was changed meanwhile".to_owned())),
        }
    }

    /// Returns the condition that the customer is unchanged since it was read.
    fn unchanged(&self) -> Expression {
        Expression::condition("revision = :revision").value(":revision", text(&self.revision))
    }
}

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
        for _ in 0..2 {
            let customer = self.get(keys::customer(organization, number).by(Authority::Member));
            let (customer, tiers) = tokio::try_join!(customer, self.price_tiers_for_member(organization))?;
            let Some(customer) = customer else { return Ok(MemberCustomer::Unknown) };
            if !customer.active {
                return Ok(MemberCustomer::Inactive);
            }
            if let Some(tier) = tiers.into_iter().find(|tier| tier.tier_id == customer.tier_id) {
                return Ok(MemberCustomer::Active(customer.with_tier(tier)));
            }
            // The two reads are no snapshot: the customer may have moved to a tier that was added between them.
        }
        Ok(MemberCustomer::WithoutTier)
    }
}

impl OrganizationScope<'_> {
    /// The customer of this number: one round trip.
    ///
    /// # Errors
    /// [`CustomerError::NotFound`], the scope's own, or the table is out of reach.
    pub async fn customer(&self, number: &CustomerNumber) -> Result<Customer, CustomerError> {
        let (customer, tiers) =
            self.checked(|reads| async move { self.customer_and_tiers(reads, number).await }).await?;
        Ok(customer.ok_or(CustomerError::NotFound)?.with_tier_among(tiers)?)
    }

    /// Creates or replaces a customer: two round trips.
    ///
    /// # Errors
    /// [`CustomerError::NoPriceTier`], the scope's own, or the table is out of reach.
    pub async fn put_customer(&self, change: &CustomerChange) -> Result<Customer, CustomerError> {
        let mut backoff = Backoff::default();
        loop {
            let ((known, tier), held) = self
                .checked_to_write(|reads| async move {
                    tokio::try_join!(
                        reads.get(keys::customer(self.id(), &change.number)),
                        reads.get(keys::price_tier(self.id(), &change.pricing.folded()))
                    )
                })
                .await?;
            let tier = tier.ok_or(CustomerError::NoPriceTier)?;
            let record = CustomerRecord {
                customer_number: change.number.clone(),
                company_name: change.company_name.clone(),
                tier_id: tier.tier_id.clone(),
                currency_code: change.currency_code.clone(),
                active: change.active.or(known.as_ref().map(|known| known.active)).unwrap_or(true),
                revision: ids::random_id(16),
            };
            if self.store(held, known.as_ref(), &record).await? {
                return Ok(record.with_tier(tier));
            }
            wait(&mut backoff).await?;
        }
    }

    /// Changes a customer: two round trips.
    ///
    /// # Errors
    /// [`CustomerError::NotFound`], [`CustomerError::NoPriceTier`], the scope's own, or the table is out of reach.
    pub async fn patch_customer(
        &self,
        number: &CustomerNumber,
        patch: &CustomerPatch,
    ) -> Result<Customer, CustomerError> {
        let mut backoff = Backoff::default();
        loop {
            let ((known, tiers), held) =
                self.checked_to_write(|reads| async move { self.customer_and_tiers(reads, number).await }).await?;
            let known = known.ok_or(CustomerError::NotFound)?;
            let tier = match &patch.pricing {
                Some(name) => tiers.into_iter().find(|tier| tier.name.folded() == name.folded()),
                None => tiers.into_iter().find(|tier| tier.tier_id == known.tier_id),
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
                currency_code: patch.currency_code.clone().over(known.currency_code.clone()),
                active: patch.active.unwrap_or(known.active),
                revision: ids::random_id(16),
                customer_number: known.customer_number.clone(),
            };
            if self.store(held, Some(&known), &patched).await? {
                return Ok(patched.with_tier(tier));
            }
            wait(&mut backoff).await?;
        }
    }

    /// Stores a customer in the place of what is known of it, and counts it on its tier; `false` where it was changed
    /// meanwhile.
    async fn store(
        &self,
        held: RoleHeld<'_>,
        known: Option<&CustomerRecord>,
        record: &CustomerRecord,
    ) -> Result<bool, CustomerError> {
        let counter = use_counter(&record.customer_number);
        let key = keys::customer(self.id(), &record.customer_number);
        let mut write = match known {
            None => held.write().put_new(key, record, CustomerRefusal::Changed),
            Some(known) => held.write().replace(key, record, &known.unchanged(), CustomerRefusal::Changed),
        };
        if known.is_none_or(|known| known.tier_id != record.tier_id) {
            let joined = keys::tier_use(self.id(), &record.tier_id, counter);
            write = write.update(joined, &add_uses(1), CustomerRefusal::NoTier);
            if let Some(known) = known {
                let left = keys::tier_use(self.id(), &known.tier_id, counter);
                write = write.update(left, &add_uses(-1), CustomerRefusal::NoOldTier);
            }
        }
        match write.commit(()).await? {
            Committed::Done(_) => Ok(true),
            Committed::Refused(refusals) => match refusals.into_iter().next() {
                Some((CustomerRefusal::NoTier, _)) => Err(CustomerError::NoPriceTier),
                _ => Ok(false),
            },
        }
    }

    async fn customer_and_tiers(
        &self,
        reads: Reads<'_>,
        number: &CustomerNumber,
    ) -> Result<(Option<CustomerRecord>, Vec<PriceTierRecord>), Error> {
        let customer = reads.get(keys::customer(self.id(), number));
        let tiers = reads.query(keys::organization_partition(self.id()), SortKeys::Prefix(keys::TIER_PREFIX));
        tokio::try_join!(customer, tiers)
    }

    /// Removes a customer: two round trips.
    ///
    /// # Errors
    /// [`CustomerError::NotFound`], the scope's own, or the table is out of reach.
    pub async fn remove_customer(&self, number: &CustomerNumber) -> Result<(), CustomerError> {
        let mut backoff = Backoff::default();
        loop {
            let (known, held) = self
                .checked_to_write(|reads| async move { reads.get(keys::customer(self.id(), number)).await })
                .await?;
            let known = known.ok_or(CustomerError::NotFound)?;
            let left = keys::tier_use(self.id(), &known.tier_id, use_counter(number));
            let committed = held
                .write()
                .delete(keys::customer(self.id(), number), &known.unchanged(), CustomerRefusal::Changed)
                .update(left, &add_uses(-1), CustomerRefusal::NoOldTier)
                .commit(())
                .await?;
            match committed {
                Committed::Done(_) => return Ok(()),
                Committed::Refused(_) => wait(&mut backoff).await?,
            }
        }
    }
}

/// Adds `change` to a counter of a tier's customers.
fn add_uses(change: i8) -> Expression {
    Expression::update("ADD uses :change").value(":change", number(change))
}

async fn wait(backoff: &mut Backoff) -> Result<(), Error> {
    Ok(backoff.wait_or_give_up("a customer is being changed by others").await?)
}
