//! Mends associations that are in one order of the index, and not or otherwise in the other. An operator's; the API
//! writes both orders in one transaction.

use std::collections::BTreeSet;

use claims::Role;
use counted_index::{Outcome, entry_key};
use domain::{
    ids::{OrganizationId, UserId},
    text::CustomerNumber,
};
use dynamo::{Backoff, Expression, text};

use super::{AssociationOrder, import::membership_item, order::association_of};
use crate::{
    Error, Table,
    records::{AssociationRecord, MembershipRecord},
    scope::{Authority, keys},
};

impl Table {
    /// Mends the associations of which the two orders say different things, and returns how many they were. What holds
    /// is the entry by user, or else the user's membership.
    pub(crate) async fn repair_associations(&self, organization: &OrganizationId) -> Result<u64, Error> {
        let mut mended = 0;
        for seen in self.differing::<AssociationRecord>(organization).await?.into_values() {
            let Some(AssociationRecord { user_id, .. }) = seen.first().cloned() else { continue };
            let numbers: BTreeSet<_> = seen.iter().map(|seen| seen.customer_number.as_str().to_owned()).collect();
            let numbers = numbers.into_iter().filter_map(|number| CustomerNumber::parse(number).ok()).collect();
            mended += u64::from(self.repair_association(organization, &user_id, numbers).await?);
        }
        Ok(mended)
    }

    /// Makes both orders and the membership of a user say the same, of what was seen at these customers. Returns
    /// whether anything had to be changed. Nothing is changed that isn't as it was read.
    async fn repair_association(
        &self,
        organization: &OrganizationId,
        user: &UserId,
        numbers: Vec<CustomerNumber>,
    ) -> Result<bool, Error> {
        let reads = self.reads_by(Authority::Operator);
        let indexes = self.indexes_by(Authority::Operator);
        let [by_user, by_customer] = AssociationOrder::BOTH.map(|order| order.index(organization));
        let membership_key = || keys::membership(user, organization, Role::Customer);
        let association = |customer_number| AssociationRecord { user_id: user.clone(), customer_number };
        let mut backoff = Backoff::default();
        loop {
            let known = association_of(reads, organization, user).await?;
            let membership: Option<MembershipRecord> = self.get(membership_key()).await?;
            let promised = membership.as_ref().and_then(|membership| membership.customer_number.clone());
            let truth = known.as_ref().map(|known| known.customer_number.clone()).or_else(|| promised.clone());

            let (mut write, mut changes) = (indexes.write(), false);
            let user_entry = entry_key(&by_user.partition, user.as_str());
            match (&known, &truth) {
                (Some(known), _) => write = write.with(|writes| writes.check(user_entry, &known.unchanged(), ())),
                (None, Some(number)) => {
                    let bucket = indexes.locate(&by_user, user.as_str()).await?;
                    write = write.insert(&by_user, &bucket, user.as_str(), &association(number.clone()));
                    changes = true;
                }
                (None, None) => write = write.with(|writes| writes.check_any(user_entry, &absent(), ())),
            }
            let key = membership_key().into_raw();
            match (&membership, &truth) {
                (Some(_), Some(number)) => {
                    let was = promised.as_ref().map_or_else(no_customer, is_customer);
                    if promised.as_ref() == Some(number) {
                        write = write.with(|writes| writes.check(key, &was, ()));
                    } else {
                        let moved = was.set_update("SET customer_number = :number");
                        let moved = moved.value(":number", text(number.as_str()));
                        write = write.with(|writes| writes.update(key, &moved, ()));
                        changes = true;
                    }
                }
                (None, Some(number)) => {
                    // The organization may have ended meanwhile; then there is nothing to mend any more.
                    let Some(code) = self.code_of(organization).await? else { return Ok(false) };
                    let item = membership_item(organization, &code, &association(number.clone()))?;
                    write = write.with(|writes| writes.put_new_item(item, ()));
                    changes = true;
                }
                (Some(_), None) => write = write.with(|writes| writes.check(key, &no_customer(), ())),
                (None, None) => write = write.with(|writes| writes.check_any(key, &absent(), ())),
            }
            for number in truth.iter().chain(numbers.iter().filter(|number| Some(*number) != truth.as_ref())) {
                let key = keys::customer_then_user(number, user);
                let entry: Option<AssociationRecord> = reads.entry(entry_key(&by_customer.partition, &key)).await?;
                let holds = truth.as_ref() == Some(number);
                if entry.is_some() == holds {
                    continue;
                }
                let bucket = indexes.locate(&by_customer, &key).await?;
                write = if holds {
                    write.insert(&by_customer, &bucket, &key, &association(number.clone()))
                } else {
                    write.remove(&by_customer, &bucket, &key, &Expression::default())
                };
                changes = true;
            }
            if !changes {
                return Ok(false);
            }
            match write.commit().await? {
                Outcome::Done => return Ok(true),
                Outcome::Conflict => backoff.wait_or_give_up("the association is being changed by others").await?,
            }
        }
    }
}

fn absent() -> Expression {
    Expression::condition("attribute_not_exists(pk)")
}

fn is_customer(number: &CustomerNumber) -> Expression {
    Expression::condition("customer_number = :was").value(":was", text(number.as_str()))
}

fn no_customer() -> Expression {
    Expression::condition("attribute_not_exists(customer_number)")
}
