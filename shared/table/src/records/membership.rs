use claims::Role;
use domain::{
    ids::{OrganizationCode, OrganizationId},
    text::CustomerNumber,
};
use serde::{Deserialize, Serialize};

use super::OrganizationRecord;
use crate::scope::Record;

/// One role of a user in one organization, seen from the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembershipRecord {
    /// The organization.
    pub organization_id: OrganizationId,
    /// The organization's code, which never changes.
    pub organization_code: OrganizationCode,
    /// The role.
    pub role: Role,
    /// The customer that the user buys for, in that role.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub customer_number: Option<CustomerNumber>,
}

impl Record for MembershipRecord {
    const ENTITY: &'static str = "membership";
}

impl MembershipRecord {
    /// An admin's membership.
    pub(crate) fn admin(organization: &OrganizationRecord) -> Self {
        Self {
            organization_id: organization.id.clone(),
            organization_code: organization.code.clone(),
            role: Role::Admin,
            customer_number: None,
        }
    }

    /// The membership of a user who buys for a customer.
    pub(crate) fn customer(
        organization_id: &OrganizationId,
        organization_code: &OrganizationCode,
        customer_number: &CustomerNumber,
    ) -> Self {
        Self {
            organization_id: organization_id.clone(),
            organization_code: organization_code.clone(),
            role: Role::Customer,
            customer_number: Some(customer_number.clone()),
        }
    }
}
