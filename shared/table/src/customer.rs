//! Customers: the commerce context that a token carries.

use domain::{
    ids::{self, OrganizationId},
    text::{CompanyName, CurrencyCode, CustomerNumber, TierName},
};
use dynamo::{Backoff, Expression, Refused, Transaction, number, text};
use serde::{Deserialize, Serialize};

use crate::{
    Error, OrganizationTable, Table, keys,
    price_tier::{PriceTier, use_counter},
};

/// What a customer's item says.
#[derive(Clone, Serialize, Deserialize)]
struct CustomerRecord {
    customer_number: CustomerNumber,
    company_name: CompanyName,
    tier_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency_code: Option<CurrencyCode>,
    active: bool,
    /// Another with each write: what is replaced or deleted is what was read.
    revision: String,
}

/// What a customer is to be.
#[derive(Clone, Debug)]
pub struct CustomerChange {
    /// Its number.
    pub number: CustomerNumber,
    /// Its company's name.
    pub company_name: CompanyName,
    /// The name of its price tier.
    pub pricing: TierName,
    /// A currency of its own; without one it follows its tier's.
    pub currency_code: Option<CurrencyCode>,
    /// Whether its users get tokens.
    pub active: bool,
}

/// A customer as it is, its tier's present name and currency included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Its number.
    pub number: CustomerNumber,
    /// Its company's name.
    pub company_name: CompanyName,
    /// The name of its price tier.
    pub pricing: TierName,
    /// Its currency, or its tier's.
    pub currency_code: CurrencyCode,
    /// Whether its users get tokens.
    pub active: bool,
}

/// What of a customer goes into its users' tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommerceContext {
    /// The name of its price tier.
    pub price_tier: TierName,
    /// Its currency, or its tier's.
    pub currency_code: CurrencyCode,
}

/// Which condition of a customer's write failed.
enum CustomerRefusal {
    /// Somebody else changed the customer.
    Changed,
    /// The tier is gone.
    NoTier,
    /// The tier that the customer was on has no counter.
    NoOldTier,
}

impl CustomerRecord {
    fn with_tier(self, tier: PriceTier) -> Customer {
        Customer {
            number: self.customer_number,
            company_name: self.company_name,
            pricing: tier.name,
            currency_code: self.currency_code.unwrap_or(tier.currency_code),
            active: self.active,
        }
    }

    /// The customer with its tier, which can't be gone while a customer is on it: where it isn't among those read beside
    /// the customer, the customer was moved meanwhile.
    fn among(self, tiers: Vec<PriceTier>) -> Result<Customer, Error> {
        match tiers.into_iter().find(|tier| tier.id() == self.tier_id) {
            Some(tier) => Ok(self.with_tier(tier)),
            None => Err(Error::Unavailable("a customer's price tier was changed meanwhile".to_owned())),
        }
    }
}

impl Table {
    /// What a customer's users get into their tokens, or `None` where the organization has no record of it: one round
    /// trip.
    ///
    /// # Errors
    /// [`Error::InactiveCustomer`], or the table is out of reach.
    pub async fn commerce_context(
        &self,
        organization: &OrganizationId,
        number: &CustomerNumber,
    ) -> Result<Option<CommerceContext>, Error> {
        let customer = self.get::<CustomerRecord>(keys::customer(organization, number));
        let (customer, tiers) = tokio::try_join!(customer, self.price_tiers_of(organization))?;
        let Some(customer) = customer else { return Ok(None) };
        if !customer.active {
            return Err(Error::InactiveCustomer);
        }
        let customer = customer.among(tiers)?;
        Ok(Some(CommerceContext { price_tier: customer.pricing, currency_code: customer.currency_code }))
    }
}

impl OrganizationTable<'_> {
    /// The customer of this number: one round trip.
    ///
    /// # Errors
    /// [`Error::OrganizationGone`], [`Error::NotAdmin`], [`Error::NoCustomer`], or the table is out of reach.
    pub async fn customer(&self, number: &CustomerNumber) -> Result<Customer, Error> {
        let customer = self.table.get::<CustomerRecord>(keys::customer(self.id, number));
        let tiers = self.table.price_tiers_of(self.id);
        let (customer, tiers, ()) = tokio::try_join!(customer, tiers, self.require_admin())?;
        customer.ok_or(Error::NoCustomer)?.among(tiers)
    }

    /// Creates or replaces a customer: two round trips.
    ///
    /// # Errors
    /// [`Error::OrganizationGone`], [`Error::NotAdmin`], [`Error::NoTierForCustomer`], or the table is out of reach.
    pub async fn put_customer(&self, change: &CustomerChange) -> Result<Customer, Error> {
        use CustomerRefusal::{Changed, NoOldTier, NoTier};

        let key = keys::customer(self.id, &change.number);
        let counter = use_counter(&change.number);
        let mut backoff = Backoff::default();
        loop {
            let known = self.table.get::<CustomerRecord>(key.clone());
            let tier = self.price_tier(&change.pricing);
            let (known, tier, ()) = tokio::try_join!(known, tier, self.require_admin())?;
            let tier = tier.ok_or(Error::NoTierForCustomer)?;
            let record = CustomerRecord {
                customer_number: change.number.clone(),
                company_name: change.company_name.clone(),
                tier_id: tier.id().to_owned(),
                currency_code: change.currency_code.clone(),
                active: change.active,
                revision: ids::random_id(16),
            };
            let transaction = Transaction::new(&self.table.engine);
            let mut transaction = match &known {
                None => transaction.put_new(key.clone(), "customer", &record, Changed)?,
                Some(known) => transaction.replace(key.clone(), "customer", &record, &as_read(known), Changed)?,
            };
            if known.as_ref().is_none_or(|known| known.tier_id != record.tier_id) {
                transaction = transaction.update(keys::tier_use(self.id, tier.id(), counter), &uses(1), NoTier)?;
                if let Some(known) = &known {
                    let left = keys::tier_use(self.id, &known.tier_id, counter);
                    transaction = transaction.update(left, &uses(-1), NoOldTier)?;
                }
            }
            match transaction.commit().await {
                Ok(()) => return Ok(record.with_tier(tier)),
                Err(Refused::Failed(error)) => return Err(error.into()),
                Err(Refused::Conditions(failed)) => match failed.into_iter().next() {
                    Some((NoTier, _)) => return Err(Error::NoTierForCustomer),
                    _ => backoff.wait_or_give_up("a customer is being changed by others").await?,
                },
            }
        }
    }

    /// Removes a customer: two round trips.
    ///
    /// # Errors
    /// [`Error::OrganizationGone`], [`Error::NotAdmin`], [`Error::NoCustomer`], or the table is out of reach.
    pub async fn remove_customer(&self, number: &CustomerNumber) -> Result<(), Error> {
        let key = keys::customer(self.id, number);
        let mut backoff = Backoff::default();
        loop {
            let known = self.table.get::<CustomerRecord>(key.clone());
            let (known, ()) = tokio::try_join!(known, self.require_admin())?;
            let known = known.ok_or(Error::NoCustomer)?;
            let left = keys::tier_use(self.id, &known.tier_id, use_counter(number));
            let transaction = Transaction::new(&self.table.engine)
                .delete(key.clone(), &as_read(&known), CustomerRefusal::Changed)?
                .update(left, &uses(-1), CustomerRefusal::NoOldTier)?;
            match transaction.commit().await {
                Ok(()) => return Ok(()),
                Err(Refused::Failed(error)) => return Err(error.into()),
                Err(Refused::Conditions(_)) => backoff.wait_or_give_up("a customer is being changed by others").await?,
            }
        }
    }
}

fn as_read(record: &CustomerRecord) -> Expression {
    Expression::condition("revision = :revision").value(":revision", text(&record.revision))
}

fn uses(change: i8) -> Expression {
    Expression::update("ADD uses :change").value(":change", number(change))
}
