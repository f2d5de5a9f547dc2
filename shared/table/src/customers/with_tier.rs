//! Reads a customer and its price tier as they were at one moment, in one round trip but for rare cases.
//!
//! The customer's item and the tiers are read side by side, so something may change between the two reads:
//!
//! | Reader | Admin |
//! |---|---|
//! | reads the customer: on `4k` | |
//! | | moves the customer to Silver (USD) |
//! | | renames `4k` from Gold (EUR) to Staff (CHF) |
//! | reads the tiers: `4k` is Staff (CHF) | |
//!
//! | Reader | Admin |
//! |---|---|
//! | reads the tiers: `4k` is Gold (EUR) | |
//! | | renames `4k` to Staff (CHF) |
//! | | moves the customer, which was on Silver, to Staff |
//! | reads the customer: on `4k` | |
//!
//! The customer was never on Staff in the first case, and never on Gold in the second. Revisions tell. Each change of a
//! tier gives it the next one, and a customer's write notes the one that its tier has when it commits. There are three
//! cases:
//!
//! - *The customer notes the revision that was read.* The tier was as it was read from the customer's write to the read
//!   of the tiers, or to the write, if that came later. At the later one of the two, both were as they were read.
//! - *It notes a later one.* That is the second example: nothing was read that fits.
//! - *It notes an earlier one.* The customer was written before the tier's last change, so it was on the tier when the
//!   tiers were read, if they were read before it. If they were read after it, the first example is possible, unless the
//!   change is older than both reads.
//!
//! A change is older than both reads if it was begun long enough before them: see [`SETTLED_SECONDS`]. What isn't
//! decided by this is read by `TransactGetItems`, which costs a round trip more.

use domain::{clock::now, ids::OrganizationId, text::CustomerNumber};
use dynamo::Backoff;

use super::find::{Form, FoundCustomer, ReadBesideCustomer};
use crate::{
    Error,
    records::{CustomerRecord, PriceTierRecord},
    scope::{Reads, keys},
};

/// The time after which a change of a tier that was begun has either committed or never will: the writer tries for
/// seconds, and AWS takes no request five minutes after it was signed. The rest is for clocks that differ.
const SETTLED_SECONDS: u64 = 600;
/// Consistent reads that find no tier for the customer, until it has none. An item of an earlier version is not where
/// they look, and takes another turn.
const MAX_READS_WITHOUT_TIER: u32 = 2;

/// A customer and its tier as they were at one moment. No call of the API takes a tier away from under a customer.
pub(crate) struct CustomerWithTier {
    pub(crate) customer: CustomerRecord,
    pub(crate) tier: Option<PriceTierRecord>,
}

/// What was found of a customer of an organization that exists.
pub(crate) struct Looked<P> {
    pub(crate) customer: Option<CustomerWithTier>,
    /// What was read of the organization's item.
    pub(crate) organization_part: P,
}

impl Reads<'_> {
    /// Reads a customer and its tier as they were at one moment, or `None` if the organization is gone: one round trip.
    /// One more where the tier was changed within the last ten minutes and the customer was not written since, and one
    /// while the customer is in the earlier form.
    pub(crate) async fn customer_with_tier<P: ReadBesideCustomer>(
        self,
        organization: &OrganizationId,
        number: &CustomerNumber,
    ) -> Result<Option<Looked<P>>, Error> {
        let (mut backoff, mut without_tier) = (Backoff::default(), 0);
        loop {
            let begun_at = now();
            let customer = self.find_customer::<P>(organization, number);
            let (found, tiers) = tokio::try_join!(customer, self.price_tiers(organization))?;
            let Some(FoundCustomer { customer, organization_part, .. }) = found else { return Ok(None) };
            let looked = |customer| Ok(Some(Looked { customer, organization_part }));
            let Some(customer) = customer else { return looked(None) };
            let (key, form, customer) = (customer.key(organization), customer.form, customer.record);
            if let Some(tier) = tiers.of_id(&customer.tier_id)
                && were_so_at_one_moment(&customer, tier, begun_at)
            {
                return looked(Some(CustomerWithTier { customer, tier: Some(tier.clone()) }));
            }
            match self.get_at_one_moment(key, keys::price_tier(organization, &customer.tier_id)).await? {
                (None, _) if form == Form::Indexed => return looked(None),
                (Some(present), tier) if present.tier_id == customer.tier_id => {
                    without_tier += u32::from(tier.is_none());
                    if tier.is_some() || without_tier == MAX_READS_WITHOUT_TIER {
                        return looked(Some(CustomerWithTier { customer: present, tier }));
                    }
                }
                // The customer has been brought into the present form meanwhile, or has moved to another tier.
                _ => {}
            }
            backoff.wait_or_give_up("a customer is being changed by others").await?;
        }
    }
}

/// Returns whether there was a moment at which the customer and the tier were as two reads, which began at `begun_at`,
/// found them.
fn were_so_at_one_moment(customer: &CustomerRecord, tier: &PriceTierRecord, begun_at: u64) -> bool {
    let settled = || tier.changed_at.is_some_and(|changed_at| changed_at + SETTLED_SECONDS <= begun_at);
    customer.tier_revision == tier.revision() || customer.tier_revision < tier.revision() && settled()
}

#[cfg(test)]
mod tests {
    use domain::text::{CompanyName, CurrencyCode, TierName};

    use super::*;

    fn so_at_one_moment(tier_revision: u64, revision: Option<u64>, changed_at: Option<u64>) -> bool {
        let customer = CustomerRecord {
            customer_number: CustomerNumber::parse("C-1".to_owned()).unwrap(),
            company_name: CompanyName::parse("Acme Retail".to_owned()).unwrap(),
            tier_id: "4k".to_owned(),
            tier_revision,
            currency_code: None,
            active: true,
            revision: "a".to_owned(),
        };
        let new = PriceTierRecord::new(
            TierName::parse("Gold".to_owned()).unwrap(),
            CurrencyCode::parse("EUR".to_owned()).unwrap(),
        );
        were_so_at_one_moment(&customer, &PriceTierRecord { revision, changed_at, ..new }, 10_000)
    }

    #[test]
    fn two_reads_fit_by_the_noted_revision_or_by_the_age_of_the_last_change() {
        assert!(so_at_one_moment(0, Some(0), None));
        assert!(so_at_one_moment(0, None, None), "a tier in the earlier form, which nobody changes");
        assert!(so_at_one_moment(3, Some(3), Some(10_000)), "the customer was written after the change");
        assert!(!so_at_one_moment(2, Some(3), Some(9_401)), "it may have moved away before the change");
        assert!(so_at_one_moment(2, Some(3), Some(9_400)), "the change was done before either read");
        assert!(!so_at_one_moment(4, Some(3), Some(1)), "the tiers were read before a change that it knows");
        assert!(!so_at_one_moment(1, None, None), "the tier was brought over and changed after it was read");
    }
}
