//! Associations in bulk, for operators: a migration, or a benchmark's data.

use claims::Role;
use counted_index::Row;
use domain::ids::{OrganizationCode, OrganizationId};
use dynamo::{Item, to_item};

use super::AssociationOrder;
use crate::{
    Error, Table,
    records::{AssociationRecord, MembershipRecord},
    scope::{Authority, Record, keys},
};

/// Associations in one bucket of new data: below the limit, so that there is room for more.
const BUCKET_ENTRIES: usize = 96;

/// Every item of these associations, buckets included, for an organization that has none yet and an engine that takes
/// items in bulk. Each item is made as it is asked for.
///
/// # Errors
/// An item can't be made, which is a defect.
pub fn bulk_items(
    organization: &OrganizationId,
    code: &OrganizationCode,
    mut associations: Vec<AssociationRecord>,
) -> impl Iterator<Item = Result<Item, dynamo::Error>> {
    associations.sort_by_cached_key(|association| AssociationOrder::UserId.key(association));
    let mut by_customer = associations.clone();
    by_customer.sort_by_cached_key(|association| AssociationOrder::CustomerNumber.key(association));
    let (id, code) = (organization.clone(), code.clone());
    let orders = [(AssociationOrder::UserId, associations.clone()), (AssociationOrder::CustomerNumber, by_customer)];
    let entries = orders.into_iter().flat_map({
        let id = id.clone();
        move |(order, associations)| {
            let entries = associations.into_iter().map(move |association| (order.key(&association), association));
            order.index(&id).bulk_items(entries.collect(), BUCKET_ENTRIES)
        }
    });
    let memberships = associations.into_iter().map(move |association| membership_item(&id, &code, &association));
    entries.chain(memberships)
}

impl Table {
    /// Associates users who have no customer in the organization yet, in as few transactions as they fit into.
    ///
    /// # Errors
    /// A user is associated already, or the table is out of reach; the associations of the transactions before are
    /// made.
    pub async fn import_associations(
        &self,
        organization: &OrganizationId,
        code: &OrganizationCode,
        associations: Vec<AssociationRecord>,
    ) -> Result<(), Error> {
        let orders = AssociationOrder::BOTH.map(|order| order.index(organization));
        let rows = associations.into_iter().map(|association| {
            let with_item = Some(membership_item(organization, code, &association)?);
            let keys = AssociationOrder::BOTH.map(|order| order.key(&association)).into();
            Ok(Row { keys, record: association, with_item })
        });
        let rows = rows.collect::<Result<_, Error>>()?;
        Ok(self.indexes_by(Authority::Operator).insert_many(&orders, rows).await?)
    }
}

pub(super) fn membership_item(
    organization: &OrganizationId,
    code: &OrganizationCode,
    association: &AssociationRecord,
) -> Result<Item, dynamo::Error> {
    let membership = MembershipRecord::customer(organization, code, &association.customer_number);
    let key = keys::membership(&association.user_id, organization, Role::Customer).into_raw();
    to_item(key, MembershipRecord::ENTITY, &membership)
}
