//! One of a user's organizations, as a sign-in and the user's own list answer it.

use claims::Role;
use domain::ids::OrganizationCode;
use serde::Serialize;
use table::UserOrganization;
use utoipa::ToSchema;

/// One of a user's organizations.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = UserOrganization)]
pub struct UserOrganizationResponse {
    /// The organization's code.
    identity_organization_id: OrganizationCode,
    name: String,
    /// The user's roles in it.
    roles: Vec<Role>,
}

impl From<UserOrganization> for UserOrganizationResponse {
    fn from(organization: UserOrganization) -> Self {
        Self { identity_organization_id: organization.code, name: organization.name, roles: organization.roles }
    }
}
