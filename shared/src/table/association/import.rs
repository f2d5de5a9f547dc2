//! Links in bulk, for operators: a migration, or a benchmark's data.

use super::{Association, AssociationOrder};
use crate::{
    claims::Role,
    ids::{OrganizationCode, OrganizationId},
    table::{
        Error, Table,
        counted_index::{CountedIndex, Row},
        item::{Item, to_item},
        keys,
        membership::MembershipRecord,
    },
};

impl Table {
    /// Links users who have no customer in the organization yet, in as few transactions as there is room for.
    ///
    /// # Errors
    /// A user is linked already, or the table is out of reach; the links of the transactions before are made.
    pub async fn import_associations(
        &self,
        organization: &OrganizationId,
        code: &OrganizationCode,
        associations: Vec<Association>,
    ) -> Result<(), Error> {
        let orders = AssociationOrder::ALL.map(|order| order.of(organization));
        let rows = associations.into_iter().map(|association| {
            let beside = Some(membership_item(organization, code, &association)?);
            let keys = AssociationOrder::ALL.map(|order| order.key(&association)).into();
            Ok(Row { keys, record: association, beside })
        });
        CountedIndex::new(self).insert_many(&orders, rows.collect::<Result<_, Error>>()?).await
    }
}

fn membership_item(
    organization: &OrganizationId,
    code: &OrganizationCode,
    association: &Association,
) -> Result<Item, Error> {
    let membership = MembershipRecord {
        organization_id: organization.clone(),
        organization_code: code.clone(),
        role: Role::Customer,
        customer_number: Some(association.customer_number.clone()),
    };
    to_item(keys::membership(&association.user_id, organization, Role::Customer), "membership", &membership)
}
