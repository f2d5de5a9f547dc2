//! Every counted index of an organization, for operators: whether it is right, its mending, and its present form.

use counted_index::{IndexFault, IndexReport, Order, Rebuilt};
use domain::ids::OrganizationId;
use dynamo::{Expression, text};
use futures_util::future::try_join_all;

use crate::{
    AssociationOrder, CustomerOrder, Error, Table,
    members::MemberOrder,
    records::OrganizationRecord,
    scope::{Authority, keys::ORGANIZATION},
};

/// What a rebuild mended in an organization's indexes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RebuiltIndexes {
    /// What was mended in the counts of each order, by its name.
    pub orders: Vec<(&'static str, Rebuilt)>,
    /// Associations that were in one order, and not or otherwise in the other.
    pub associations: u64,
}

/// What became of the indexes of all organizations.
#[derive(Debug, Default)]
pub struct IndexesInForm {
    /// Organizations of which an index had to be brought into the present form.
    pub organizations: usize,
    /// Organizations of which an index isn't, and why.
    pub failed: Vec<(OrganizationId, Error)>,
}

/// The orders of each collection that an organization has an index of, with their names. The orders of a collection
/// hold the same entries.
fn collections(organization: &OrganizationId) -> Vec<Vec<(&'static str, Order)>> {
    let associations = [
        ("associations by user", AssociationOrder::UserId),
        ("associations by customer", AssociationOrder::CustomerNumber),
    ];
    let customers =
        [("customers by number", CustomerOrder::CustomerNumber), ("customers by company", CustomerOrder::CompanyName)];
    let users = [("users by address", MemberOrder::Email), ("users by id", MemberOrder::UserId)];
    vec![
        associations.map(|(name, order)| (name, order.index(organization))).into(),
        customers.map(|(name, order)| (name, order.index(organization))).into(),
        users.map(|(name, order)| (name, order.index(organization))).into(),
    ]
}

impl Table {
    /// Walks every index of an organization and says whether every count is right, by the name of the order.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn verify_indexes(
        &self,
        organization: &OrganizationId,
    ) -> Result<Vec<(&'static str, IndexReport)>, Error> {
        let indexes = self.indexes_by(Authority::Operator);
        let mut verified = Vec::new();
        for orders in collections(organization) {
            let mut reports = try_join_all(orders.iter().map(|(_, order)| indexes.verify(order))).await?;
            if reports.windows(2).any(|pair| pair[0].entries != pair[1].entries) {
                for report in &mut reports {
                    report.faults.push(IndexFault::OrdersDiffer);
                }
            }
            verified.extend(orders.into_iter().map(|(name, _)| name).zip(reports));
        }
        Ok(verified)
    }

    /// Mends every index of an organization while calls go on: counts first, so that what is mended next is counted;
    /// then the entries that are missing in one of two orders.
    ///
    /// # Errors
    /// The table is out of reach, or others write so often to one place that it can't be mended. What was mended before
    /// stays so.
    pub async fn rebuild_indexes(&self, organization: &OrganizationId) -> Result<RebuiltIndexes, Error> {
        let indexes = self.indexes_by(Authority::Operator);
        let mut rebuilt = RebuiltIndexes::default();
        for (name, order) in collections(organization).into_iter().flatten() {
            rebuilt.orders.push((name, indexes.rebuild(&order).await?));
        }
        rebuilt.associations = self.repair_associations(organization).await?;
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
        for (_, order) in collections(organization).into_iter().flatten() {
            changed |= indexes.settle(&order).await?;
        }
        Ok(changed)
    }
}
