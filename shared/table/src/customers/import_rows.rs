//! Customers in bulk, from the ERP: many rows in one call.

use std::collections::{BTreeMap, HashMap};

use domain::{
    clock::now,
    conditional::Preconditions,
    ids::{self, OrganizationId},
};
use dynamo::{Expression, time_left};

use super::{CustomerChange, CustomerOrder, earlier_form::may_be_left, write::add_uses};
use crate::{
    CustomerError, Error, OrganizationScope, RowOutcome,
    bulk::{ANSWER_TIME, BulkRow, BulkWork, BulkWrite, Changed, CountedChanges, ReadingRound, Round, write_rows},
    price_tiers::PriceTiers,
    records::{CustomerRecord, CustomersPlace, TierUseRecord, use_counter},
    scope::{Reads, keys},
};

/// The places of the orders among those that a row is counted in.
const BY_NUMBER: usize = 0;
const BY_COMPANY: usize = 1;

/// What is read of a customer's entry.
const ATTRIBUTES: [&str; 7] =
    ["customer_number", "company_name", "tier_id", "tier_revision", "currency_code", "active", "revision"];

/// Every row of one customer. Of several, the last one is what is written.
#[derive(Default)]
struct CustomerRows {
    /// The places of the rows among all, in order, and what each says.
    rows: Vec<(usize, CustomerChange)>,
    /// What comes of each row, once the customer is settled.
    outcomes: Vec<RowOutcome<CustomerError>>,
    is_settled: bool,
}

impl OrganizationScope<'_> {
    /// Creates or replaces customers: two round trips and those of the writes. The outcomes are those of single calls
    /// in the order of the rows, but that a row which says what is so already writes nothing.
    ///
    /// # Errors
    /// The scope's own, or the table is out of reach and nothing was written.
    pub async fn import_customers(&self, rows: Vec<CustomerChange>) -> Result<Vec<RowOutcome<CustomerError>>, Error> {
        let begun_at = now();
        let place = self
            .checked_with_organization(|reads| reads.get_part::<CustomersPlace, _>(keys::organization(self.id())))
            .await?;
        if may_be_left(&place, begun_at) {
            return self.import_customers_one_by_one(rows).await;
        }
        let mut outcomes: Vec<_> = rows.iter().map(|_| RowOutcome::NotAttempted).collect();
        let mut work = CustomerImport { organization: self.id().clone(), customers: Vec::new() };
        let mut place_of = HashMap::new();
        for (place, change) in rows.into_iter().enumerate() {
            let customer = *place_of.entry(change.number.as_str().to_owned()).or_insert(work.customers.len());
            if customer == work.customers.len() {
                work.customers.push(CustomerRows::default());
            }
            if let Some(customer) = work.customers.get_mut(customer) {
                customer.rows.push((place, change));
            }
        }
        let customers = work.customers.len();
        write_rows(self, &mut work, customers).await?;
        for customer in work.customers.into_iter().filter(|customer| customer.is_settled) {
            for ((place, _), of_row) in customer.rows.iter().zip(customer.outcomes) {
                if let Some(outcome) = outcomes.get_mut(*place) {
                    *outcome = of_row;
                }
            }
        }
        Ok(outcomes)
    }

    /// Imports customers of an organization that may have some in the form of earlier versions, each by its own write.
    async fn import_customers_one_by_one(
        &self,
        rows: Vec<CustomerChange>,
    ) -> Result<Vec<RowOutcome<CustomerError>>, Error> {
        let mut outcomes = Vec::new();
        for change in &rows {
            if time_left().is_some_and(|left| left < 2 * ANSWER_TIME) {
                break;
            }
            let outcome = match self.import_customer(change).await {
                Ok(outcome) => outcome,
                Err(CustomerError::Table(Error::Unavailable(_))) if !outcomes.is_empty() => break,
                Err(CustomerError::Table(error)) => return Err(error),
                Err(error) => RowOutcome::Refused(error),
            };
            outcomes.push(outcome);
        }
        outcomes.resize_with(rows.len(), || RowOutcome::NotAttempted);
        Ok(outcomes)
    }

    async fn import_customer(&self, change: &CustomerChange) -> Result<RowOutcome<CustomerError>, CustomerError> {
        let known = self.checked_with_organization(|reads| self.known_customer(reads, &change.number)).await?;
        if let (Some(record), Some(tier)) = (known.found.record(), known.tiers.of_name(&change.pricing))
            && change.on_tier(&tier.tier_id, tier.revision(), Some(record)).says_the_same(record)
        {
            return Ok(RowOutcome::Unchanged);
        }
        self.put_customer(change, &Preconditions::default()).await?;
        Ok(RowOutcome::Written)
    }
}

impl CustomerChange {
    /// Returns the customer that a put makes, in the place of what is known of it.
    fn on_tier(&self, tier_id: &str, tier_revision: u64, known: Option<&CustomerRecord>) -> CustomerRecord {
        CustomerRecord {
            customer_number: self.number.clone(),
            company_name: self.company_name.clone(),
            tier_id: tier_id.to_owned(),
            tier_revision,
            currency_code: self.currency_code.clone(),
            active: self.active.or(known.map(|known| known.active)).unwrap_or(true),
            revision: ids::random_id(16),
        }
    }
}

impl CustomerRecord {
    /// Whether two records of a customer are the same but for their revisions.
    fn says_the_same(&self, other: &Self) -> bool {
        self.company_name == other.company_name
            && self.tier_id == other.tier_id
            && self.currency_code == other.currency_code
            && self.active == other.active
    }
}

impl CustomerRows {
    /// Puts the rows one after the other in the place of what is known of the customer. Returns what is to be stored,
    /// if it says anything else.
    fn put(&mut self, known: Option<&CustomerRecord>, tiers: &PriceTiers) -> Option<CustomerRecord> {
        let mut stored: Option<CustomerRecord> = None;
        self.outcomes.clear();
        for (_, change) in &self.rows {
            let outcome = match tiers.of_name(&change.pricing) {
                None => RowOutcome::Refused(CustomerError::NoPriceTier),
                Some(tier) => {
                    let present = stored.as_ref().or(known);
                    let record = change.on_tier(&tier.tier_id, tier.revision(), present);
                    if present.is_some_and(|present| present.says_the_same(&record)) {
                        RowOutcome::Unchanged
                    } else {
                        stored = Some(record);
                        RowOutcome::Written
                    }
                }
            };
            self.outcomes.push(outcome);
        }
        stored.filter(|stored| known.is_none_or(|known| !known.says_the_same(stored)))
    }
}

/// The rows of an import, by customer.
struct CustomerImport {
    organization: OrganizationId,
    customers: Vec<CustomerRows>,
}

impl BulkWork for CustomerImport {
    type Row = CustomerPut;

    fn read<'a>(&'a mut self, reads: Reads<'a>, places: &'a [usize]) -> ReadingRound<'a, CustomerPut> {
        Box::pin(async move {
            let orders = CustomerOrder::BOTH.map(|order| order.index(&self.organization));
            let [by_number, _] = &orders;
            let rows = places.iter().filter_map(|place| self.customers.get(*place)?.rows.first());
            let numbers: Vec<_> = rows.map(|(_, change)| change.number.as_str()).collect();
            let (found, tiers) = tokio::try_join!(
                reads.entries::<CustomerRecord>(by_number, numbers, &ATTRIBUTES),
                reads.price_tiers(&self.organization)
            )?;
            let mut found: HashMap<_, _> =
                found.into_iter().map(|known| (known.customer_number.as_str().to_owned(), known)).collect();
            let mut rows = Vec::new();
            for place in places {
                let Some(customer) = self.customers.get_mut(*place) else { continue };
                let Some((_, change)) = customer.rows.first() else { continue };
                let known = found.remove(change.number.as_str());
                match customer.put(known.as_ref(), &tiers) {
                    Some(target) => rows.push((*place, CustomerPut::new(&self.organization, known, target))),
                    None => customer.is_settled = true,
                }
            }
            Ok(Round { orders: orders.into(), rows })
        })
    }

    fn note_written(&mut self, place: usize) {
        if let Some(customer) = self.customers.get_mut(place) {
            customer.is_settled = true;
        }
    }
}

/// A customer to be stored in the place of what is known of it.
struct CustomerPut {
    organization: OrganizationId,
    known: Option<CustomerRecord>,
    target: CustomerRecord,
    number_key: String,
    company_key: String,
    /// The key by company name that the customer leaves.
    left_key: Option<String>,
}

impl CustomerPut {
    fn new(organization: &OrganizationId, known: Option<CustomerRecord>, target: CustomerRecord) -> Self {
        let company_key = CustomerOrder::CompanyName.key(&target);
        let left_key = known.as_ref().map(|known| CustomerOrder::CompanyName.key(known));
        Self {
            organization: organization.clone(),
            number_key: CustomerOrder::CustomerNumber.key(&target),
            left_key: left_key.filter(|left| *left != company_key),
            company_key,
            known,
            target,
        }
    }

    /// The tier that the customer leaves, if it was on another one.
    fn left_tier(&self) -> Option<&str> {
        self.known.as_ref().map(|known| known.tier_id.as_str()).filter(|left| *left != self.target.tier_id)
    }

    fn counter(&self) -> u8 {
        use_counter(&self.target.customer_number)
    }
}

/// What a transaction does to one counter of a tier.
#[derive(Default)]
struct TierUse {
    change: i64,
    /// The revision that the tier must have, where a customer is put on it.
    revision: Option<u64>,
}

impl BulkRow for CustomerPut {
    fn own_actions(&self) -> usize {
        if self.left_key.is_some() { 3 } else { 2 }
    }

    fn counted_entries(&self) -> Vec<(usize, &str, i64)> {
        match (&self.known, &self.left_key) {
            (None, _) => vec![(BY_NUMBER, &self.number_key, 1), (BY_COMPANY, &self.company_key, 1)],
            (Some(_), Some(left)) => vec![(BY_COMPANY, left, -1), (BY_COMPANY, &self.company_key, 1)],
            (Some(_), None) => Vec::new(),
        }
    }

    fn counters(&self) -> Vec<String> {
        let tiers = [Some(self.target.tier_id.as_str()), self.left_tier()];
        tiers.into_iter().flatten().map(|tier| format!("{tier}#{}", self.counter())).collect()
    }

    fn add<'t>(rows: &[&Self], mut write: BulkWrite<'t>, changes: &mut CountedChanges<'_>) -> BulkWrite<'t> {
        let mut uses = BTreeMap::<_, TierUse>::new();
        for row in rows {
            let Self { known, target, number_key, company_key, left_key, .. } = row;
            let on = uses.entry((&row.organization, target.tier_id.as_str(), row.counter())).or_default();
            on.revision = Some(target.tier_revision);
            on.change += i64::from(known.is_none() || row.left_tier().is_some());
            if let Some(left) = row.left_tier() {
                uses.entry((&row.organization, left, row.counter())).or_default().change -= 1;
            }
            let Some(known) = known else {
                changes.insert(BY_NUMBER, number_key, target);
                changes.insert(BY_COMPANY, company_key, target);
                continue;
            };
            changes.replace(BY_NUMBER, number_key, target, known.unchanged());
            match left_key {
                Some(left) => {
                    changes.remove(BY_COMPANY, left, known.unchanged());
                    changes.insert(BY_COMPANY, company_key, target);
                }
                None => changes.replace(BY_COMPANY, company_key, target, known.unchanged()),
            }
        }
        // As a single put does: a customer is put on a tier by a name that the tier still has.
        for ((organization, tier, counter), TierUse { change, revision }) in uses {
            let key = keys::tier_use(organization, tier, counter);
            let as_read = revision.map_or_else(Expression::default, TierUseRecord::has_revision);
            write = match change {
                0 => write.check(key, &as_read, Changed),
                _ => write.update(key, &add_uses(change).and(as_read), Changed),
            };
        }
        write
    }
}
