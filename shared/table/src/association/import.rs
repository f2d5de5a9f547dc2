//! Links in bulk, for operators: a migration, or a benchmark's data.

use claims::Role;
use counted_index::{CountedIndex, Row};
use domain::ids::{OrganizationCode, OrganizationId};
use dynamo::{Item, to_item};

use super::{Association, AssociationOrder};
use crate::{Error, Table, keys, membership::MembershipRecord};

/// Associations in one bucket of new data: below the limit, so that there is room for more.
const BUCKET: usize = 750;

/// Every item that these associations are, buckets included, for an organization that has none yet: for an engine that
/// takes items in bulk. Made one by one, as they are asked for.
///
/// # Errors
/// An item can't be made, which is a defect.
pub fn bulk_items(
    organization: &OrganizationId,
    code: &OrganizationCode,
    mut associations: Vec<Association>,
) -> impl Iterator<Item = Result<Item, dynamo::Error>> {
    associations.sort_by_cached_key(|association| AssociationOrder::UserId.key(association));
    let mut by_customer = associations.clone();
    by_customer.sort_by_cached_key(|association| AssociationOrder::CustomerNumber.key(association));
    let (id, code) = (organization.clone(), code.clone());
    let orders = [(AssociationOrder::UserId, associations.clone()), (AssociationOrder::CustomerNumber, by_customer)];
    let entries = orders.into_iter().flat_map({
        let id = id.clone();
        move |(order, associations)| {
            let index = order.of(&id);
            let entries = associations.into_iter().map(move |association| (order.key(&association), association));
            index.bulk_items(entries.collect(), BUCKET)
        }
    });
    let memberships = associations.into_iter().map(move |association| membership_item(&id, &code, &association));
    entries.chain(memberships)
}

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
        Ok(CountedIndex::new(&self.engine).insert_many(&orders, rows.collect::<Result<_, Error>>()?).await?)
    }
}

fn membership_item(
    organization: &OrganizationId,
    code: &OrganizationCode,
    association: &Association,
) -> Result<Item, dynamo::Error> {
    let membership = MembershipRecord {
        organization_id: organization.clone(),
        organization_code: code.clone(),
        role: Role::Customer,
        customer_number: Some(association.customer_number.clone()),
    };
    to_item(keys::membership(&association.user_id, organization, Role::Customer), "membership", &membership)
}
