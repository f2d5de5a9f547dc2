use counted_index::{IndexFault, IndexReport};
use domain::ids::OrganizationId;

use super::AssociationOrder;
use crate::{Error, Table, scope::Authority};

impl Table {
    /// Walks both orders of an organization's associations and says whether every count is right.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn verify_associations(&self, organization: &OrganizationId) -> Result<[IndexReport; 2], Error> {
        let indexes = self.indexes_by(Authority::Operator);
        let [by_user, by_customer] = AssociationOrder::BOTH.map(|order| order.index(organization));
        let (mut by_user, mut by_customer) = tokio::try_join!(indexes.verify(&by_user), indexes.verify(&by_customer))?;
        if by_user.entries != by_customer.entries {
            for report in [&mut by_user, &mut by_customer] {
                report.faults.push(IndexFault::OrdersDiffer);
            }
        }
        Ok([by_user, by_customer])
    }
}
