use counted_index::Order;
use domain::ids::OrganizationId;
use dynamo::Expression;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{indexes::InTwoOrders, records::MemberRecord, scope::keys};

/// What a list of members is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub enum MemberOrder {
    /// The address, in the form in which addresses are compared.
    Email,
    /// The user's id.
    UserId,
}

impl MemberOrder {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Email, Self::UserId];

    /// The index of an organization's members in this order.
    pub(crate) fn index(self, organization: &OrganizationId) -> Order {
        match self {
            Self::Email => keys::members_by_email(organization),
            Self::UserId => keys::members_by_user(organization),
        }
    }

    /// A member's key in this order.
    #[must_use]
    pub fn key(self, member: &MemberRecord) -> String {
        match self {
            Self::Email => member.address().as_str().to_owned(),
            Self::UserId => member.user_id.to_string(),
        }
    }
}

impl InTwoOrders for MemberRecord {
    fn orders(organization: &OrganizationId) -> [Order; 2] {
        [MemberOrder::UserId, MemberOrder::Email].map(|order| order.index(organization))
    }

    fn keys(&self) -> [String; 2] {
        [MemberOrder::UserId, MemberOrder::Email].map(|order| order.key(self))
    }

    fn unchanged(&self) -> Expression {
        self.unchanged()
    }
}
