use counted_index::{Order, entry_key};
use domain::ids::{OrganizationId, UserId};
use dynamo::Expression;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Error,
    indexes::InTwoOrders,
    records::AssociationRecord,
    scope::{Reads, keys},
};

/// What a list is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub enum AssociationOrder {
    /// The user's id.
    UserId,
    /// The customer's number, then the user's id.
    CustomerNumber,
}

impl AssociationOrder {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::UserId, Self::CustomerNumber];

    /// The index of an organization's associations in this order.
    pub(crate) fn index(self, organization: &OrganizationId) -> Order {
        match self {
            Self::UserId => keys::associations_by_user(organization),
            Self::CustomerNumber => keys::associations_by_customer(organization),
        }
    }

    /// An association's key in this order.
    #[must_use]
    pub fn key(self, association: &AssociationRecord) -> String {
        match self {
            Self::UserId => association.user_id.to_string(),
            Self::CustomerNumber => keys::customer_then_user(&association.customer_number, &association.user_id),
        }
    }
}

/// The user's association, where there is one: one read.
pub(super) async fn association_of(
    reads: Reads<'_>,
    organization: &OrganizationId,
    user: &UserId,
) -> Result<Option<AssociationRecord>, Error> {
    let order = AssociationOrder::UserId.index(organization);
    reads.entry(entry_key(&order.partition, user.as_str())).await
}

impl InTwoOrders for AssociationRecord {
    fn orders(organization: &OrganizationId) -> [Order; 2] {
        AssociationOrder::BOTH.map(|order| order.index(organization))
    }

    fn keys(&self) -> [String; 2] {
        AssociationOrder::BOTH.map(|order| order.key(self))
    }

    fn unchanged(&self) -> Expression {
        self.unchanged()
    }
}
