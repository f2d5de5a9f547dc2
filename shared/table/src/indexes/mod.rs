//! Every counted index of an organization, for operators: whether it is right, its mending, and its present form.

mod two_orders;

pub(crate) use two_orders::InTwoOrders;

use std::collections::BTreeSet;

use counted_index::{IndexReport, Order, Rebuilt};
use domain::ids::OrganizationId;
use dynamo::{Expression, text};

use crate::{
    AssociationOrder, CustomerOrder, Error, Table,
    members::MemberOrder,
    records::{AssociationRecord, CustomerRecord, MemberRecord, OrganizationRecord},
    scope::{Authority, keys::ORGANIZATION},
};

/// What a rebuild mended in an organization's indexes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RebuiltIndexes {
    /// What was mended in the counts of each order, by its name.
    pub orders: Vec<(&'static str, Rebuilt)>,
    /// Associations that were in one order, and not or otherwise in the other.
    pub associations: u64,
    /// Customers that were in one order, and not or otherwise in the other.
    pub customers: u64,
    /// Users whose row wasn't the same in both orders, or not what their roles or their open invitation make it.
    pub users: u64,
}

/// What a walk through an organization's indexes found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifiedIndexes {
    /// Whether every count of each order is right, by its name.
    pub orders: Vec<(&'static str, IndexReport)>,
    /// Associations that are in one order, and not or otherwise in the other.
    pub associations: usize,
    /// Customers that are in one order, and not or otherwise in the other.
    pub customers: usize,
    /// Users whose row isn't the same in both orders, or not what their roles or their open invitation make it.
    pub users: usize,
}

/// What became of the indexes of all organizations.
#[derive(Debug, Default)]
pub struct IndexesInForm {
    /// Organizations of which an index had to be brought into the present form.
    pub organizations: usize,
    /// Organizations of which an index isn't, and why.
    pub failed: Vec<(OrganizationId, Error)>,
}

/// The orders that an organization has indexes of, with their names.
fn orders(organization: &OrganizationId) -> [(&'static str, Order); 6] {
    [
        ("associations by user", AssociationOrder::UserId.index(organization)),
        ("associations by customer", AssociationOrder::CustomerNumber.index(organization)),
        ("customers by number", CustomerOrder::CustomerNumber.index(organization)),
        ("customers by company", CustomerOrder::CompanyName.index(organization)),
        ("users by address", MemberOrder::Email.index(organization)),
        ("users by id", MemberOrder::UserId.index(organization)),
    ]
}

/// Returns the partitions of the orders that an organization has indexes of.
#[must_use]
pub fn index_partitions(organization: &OrganizationId) -> [String; 6] {
    orders(organization).map(|(_, order)| order.partition)
}

impl Table {
    /// Walks every index of an organization and says whether every count is right, and every row in both of its orders.
    /// Holds the rows of one collection in memory.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn verify_indexes(&self, organization: &OrganizationId) -> Result<VerifiedIndexes, Error> {
        let indexes = self.indexes_by(Authority::Operator);
        let mut verified = VerifiedIndexes::default();
        for (name, order) in orders(organization) {
            verified.orders.push((name, indexes.verify(&order).await?));
        }
        verified.associations = self.differing::<AssociationRecord>(organization).await?.len();
        verified.customers = self.differing::<CustomerRecord>(organization).await?.len();
        let rows = self.differing::<MemberRecord>(organization).await?.into_keys();
        let otherwise = self.mismatched_members(organization).await?.into_keys().map(|user| user.to_string());
        verified.users = rows.chain(otherwise).collect::<BTreeSet<_>>().len();
        Ok(verified)
    }

    /// Mends every index of an organization while calls go on: counts first, so that what is mended next is counted;
    /// then rows that the two orders of a collection hold otherwise, and rows of users that aren't what their roles make
    /// them.
    ///
    /// # Errors
    /// The table is out of reach, or others write so often to one place that it can't be mended. What was mended before
    /// stays so.
    pub async fn rebuild_indexes(&self, organization: &OrganizationId) -> Result<RebuiltIndexes, Error> {
        let indexes = self.indexes_by(Authority::Operator);
        let mut rebuilt = RebuiltIndexes::default();
        for (name, order) in orders(organization) {
            rebuilt.orders.push((name, indexes.rebuild(&order).await?));
        }
        rebuilt.associations = self.repair_associations(organization).await?;
        rebuilt.customers = self.repair_orders::<CustomerRecord>(organization).await?;
        // What the roles make of a row is written as the row was read, so both orders have to hold the same first.
        rebuilt.users = self.repair_orders::<MemberRecord>(organization).await?;
        rebuilt.users += self.repair_members(organization).await?;
        Ok(rebuilt)
    }

    /// Brings every index of every organization into the present form: small buckets, and parents where there are many.
    /// Those that can't be, such as one with wrong counts, are left to a rebuild.
    ///
    /// # Errors
    /// The organizations can't be read.
    pub async fn settle_all_indexes(&self) -> Result<IndexesInForm, Error> {
        let of_organization = Expression::condition("sk = :sk").value(":sk", text(ORGANIZATION));
        let found = self.of_every_organization_by::<OrganizationRecord>(&of_organization, Authority::Migration).await?;
        let mut in_form = IndexesInForm::default();
        for (organization, _) in found {
            match self.settle_indexes(&organization).await {
                Ok(changed) => in_form.organizations += usize::from(changed),
                Err(error) => in_form.failed.push((organization, error)),
            }
        }
        Ok(in_form)
    }

    async fn settle_indexes(&self, organization: &OrganizationId) -> Result<bool, Error> {
        let indexes = self.indexes_by(Authority::Migration);
        let mut changed = false;
        for (_, order) in orders(organization) {
            changed |= indexes.settle(&order).await?;
        }
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_order_that_has_a_key_is_listed() {
        // An order that is missing in the list would never be verified or rebuilt, and policies would lack its actions.
        let keys = include_str!("../scope/keys.rs");
        let listed = BTreeSet::from(index_partitions(&OrganizationId::random()));
        assert_eq!(listed.len(), keys.matches("-> Order {").count(), "{listed:?}");
    }
}
