//! Customers: the commerce context that a token carries.

use domain::{
    conditional::{EntityTag, FailedPrecondition, Preconditions},
    ids::{self, OrganizationId},
    patch::Patch,
    text::{CompanyName, CurrencyCode, CustomerNumber, TierName},
};
use dynamo::{Backoff, Expression, number, text};

use crate::{
    CustomerError, Error, OrganizationScope, Table,
    customer_with_tier::CustomerWithTier,
    price_tiers::PriceTiers,
    records::{CustomerRecord, PriceTierRecord, TierUseRecord, use_counter},
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
    /// The version of all of it, which each write of the customer and each change of its tier replaces.
    pub tag: EntityTag,
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

/// The refusal of a customer's write whose customer or tier is not as it was read.
#[derive(Clone, Copy)]
struct Changed;

impl CustomerRecord {
    fn with_tier(self, tier: PriceTierRecord) -> Customer {
        Customer {
            tag: self.tag(&tier),
            number: self.customer_number,
            company_name: self.company_name,
            pricing: tier.name,
            currency_code: self.currency_code.unwrap_or(tier.currency_code),
            active: self.active,
        }
    }

    /// The tag of the customer with the tier that it is on. The customer's own revision stands for which tier that is.
    fn tag(&self, tier: &PriceTierRecord) -> EntityTag {
        EntityTag::strong(format!("{}-{}", self.revision, tier.revision()))
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
        let reads = self.reads_by(Authority::Member);
        let Some(CustomerWithTier { customer, tier }) = reads.customer_with_tier(organization, number).await? else {
            return Ok(MemberCustomer::Unknown);
        };
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
        let found = self.checked(|reads| reads.customer_with_tier(self.id(), number)).await?;
        let CustomerWithTier { customer, tier } = found.ok_or(CustomerError::NotFound)?;
        let tier = tier.ok_or_else(|| Error::Unavailable("a customer's price tier is gone".to_owned()))?;
        Ok(customer.with_tier(tier))
    }

    /// Creates or replaces a customer, where the preconditions hold of what is there: two round trips.
    ///
    /// # Errors
    /// [`CustomerError::Precondition`], [`CustomerError::NoPriceTier`], the scope's own, or the table is out of reach.
    pub async fn put_customer(
        &self,
        change: &CustomerChange,
        preconditions: &Preconditions,
    ) -> Result<Customer, CustomerError> {
        let mut backoff = Backoff::default();
        loop {
            let ((known, tiers), held) =
                self.checked_to_write(|reads| self.customer_and_tiers(reads, &change.number)).await?;
            let Some(tier_as_seen) = check(preconditions, known.as_ref(), &tiers)? else {
                wait(&mut backoff).await?;
                continue;
            };
            let tier = tiers.of_name(&change.pricing).ok_or(CustomerError::NoPriceTier)?;
            let record = CustomerRecord {
                customer_number: change.number.clone(),
                company_name: change.company_name.clone(),
                tier_id: tier.tier_id.clone(),
                tier_revision: tier.revision(),
                currency_code: change.currency_code.clone(),
                active: change.active.or(known.as_ref().map(|known| known.active)).unwrap_or(true),
                revision: ids::random_id(16),
            };
            if self.store(held, known.as_ref(), tier_as_seen, &record).await? {
                return Ok(record.with_tier(tier.clone()));
            }
            wait(&mut backoff).await?;
        }
    }

    /// Changes a customer, where the preconditions hold of it: two round trips.
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
            let ((known, tiers), held) = self.checked_to_write(|reads| self.customer_and_tiers(reads, number)).await?;
            let known = known.ok_or(CustomerError::NotFound)?;
            let Some(tier_as_seen) = check(preconditions, Some(&known), &tiers)? else {
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
            if self.store(held, Some(&known), tier_as_seen, &patched).await? {
                return Ok(patched.with_tier(tier.clone()));
            }
            wait(&mut backoff).await?;
        }
    }

    /// Stores a customer in the place of what is known of it, and counts it on its tier; `false` where it, or the tier,
    /// was changed meanwhile.
    ///
    /// The tier's revision is asked for at the commit, or a customer would be put on a tier by a name that it no longer
    /// has: the put reads that `4k` is Gold, `4k` becomes Staff, and the put answers that the customer is on Gold.
    /// `tier_as_seen` is asked of the tier that the customer leaves.
    async fn store(
        &self,
        held: RoleHeld<'_>,
        known: Option<&CustomerRecord>,
        tier_as_seen: Expression,
        record: &CustomerRecord,
    ) -> Result<bool, Error> {
        let counter = use_counter(&record.customer_number);
        let key = keys::customer(self.id(), &record.customer_number);
        let mut write = match known {
            None => held.write().put_new(key, record, Changed),
            Some(known) => held.write().replace(key, record, &known.unchanged(), Changed),
        };
        let tier_use = keys::tier_use(self.id(), &record.tier_id, counter);
        let as_read = TierUseRecord::has_revision(record.tier_revision);
        if known.is_some_and(|known| known.tier_id == record.tier_id) {
            write = write.check(tier_use, &as_read, Changed);
        } else {
            write = write.update(tier_use, &add_uses(1).and(as_read), Changed);
            if let Some(known) = known {
                let left = keys::tier_use(self.id(), &known.tier_id, counter);
                write = write.update(left, &add_uses(-1).and(tier_as_seen), Changed);
            }
        }
        Ok(matches!(write.commit(()).await?, Committed::Done(_)))
    }

    async fn customer_and_tiers(
        &self,
        reads: Reads<'_>,
        number: &CustomerNumber,
    ) -> Result<(Option<CustomerRecord>, PriceTiers), Error> {
        tokio::try_join!(reads.get(keys::customer(self.id(), number)), reads.price_tiers(self.id()))
    }

    /// Removes a customer, where the preconditions hold of it: two round trips.
    ///
    /// # Errors
    /// [`CustomerError::NotFound`], [`CustomerError::Precondition`], the scope's own, or the table is out of reach.
    pub async fn delete_customer(
        &self,
        number: &CustomerNumber,
        preconditions: &Preconditions,
    ) -> Result<(), CustomerError> {
        let mut backoff = Backoff::default();
        loop {
            let ((known, tiers), held) =
                self.checked_to_write(|reads| self.customer_to_remove(reads, number, preconditions)).await?;
            let known = known.ok_or(CustomerError::NotFound)?;
            let tier_as_seen = tiers.map(|tiers| check(preconditions, Some(&known), &tiers)).transpose()?;
            let Some(tier_as_seen) = tier_as_seen.unwrap_or_else(|| Some(Expression::default())) else {
                wait(&mut backoff).await?;
                continue;
            };
            let left = keys::tier_use(self.id(), &known.tier_id, use_counter(number));
            let committed = held
                .write()
                .delete(keys::customer(self.id(), number), &known.unchanged(), Changed)
                .update(left, &add_uses(-1).and(tier_as_seen), Changed)
                .commit(())
                .await?;
            match committed {
                Committed::Done(_) => return Ok(()),
                Committed::Refused(_) => wait(&mut backoff).await?,
            }
        }
    }

    /// Reads a customer and, where a precondition is about them, the tiers.
    async fn customer_to_remove(
        &self,
        reads: Reads<'_>,
        number: &CustomerNumber,
        preconditions: &Preconditions,
    ) -> Result<(Option<CustomerRecord>, Option<PriceTiers>), Error> {
        if !preconditions.are_sent() {
            return Ok((reads.get(keys::customer(self.id(), number)).await?, None));
        }
        let (known, tiers) = self.customer_and_tiers(reads, number).await?;
        Ok((known, Some(tiers)))
    }
}

/// Asks whether the preconditions hold of a customer and its tier, as two reads found them. Where they do, returns what
/// has to be asked of the tier at the commit, so that they hold of both at that moment; `None` where the two have to be
/// read again.
fn check(
    preconditions: &Preconditions,
    known: Option<&CustomerRecord>,
    tiers: &PriceTiers,
) -> Result<Option<Expression>, FailedPrecondition> {
    if !preconditions.are_sent() {
        return Ok(Some(Expression::default()));
    }
    let Some(known) = known else {
        preconditions.check(None)?;
        return Ok(Some(Expression::default()));
    };
    // The two reads are no snapshot: the customer moved to a tier that was added between them.
    let Some(tier) = tiers.of_id(&known.tier_id) else { return Ok(None) };
    preconditions.check(Some(&known.tag(tier)))?;
    Ok(Some(TierUseRecord::has_revision(tier.revision())))
}

/// Adds `change` to a counter of a tier's customers.
fn add_uses(change: i8) -> Expression {
    Expression::update("ADD uses :change").value(":change", number(change))
}

async fn wait(backoff: &mut Backoff) -> Result<(), Error> {
    Ok(backoff.wait_or_give_up("a customer is being changed by others").await?)
}
