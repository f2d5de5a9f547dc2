//! A user's organizations, found by the user: for sign-in and for the token exchange.

use std::collections::HashMap;

use domain::ids::{OrganizationCode, OrganizationId, UserId};
use dynamo::SortKeys;

use crate::{
    Error, Table,
    records::{MembershipRecord, OrganizationNameOf},
    scope::{Authority, keys},
};

impl Table {
    /// Each role of a user in each organization: one Query.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn memberships(&self, user: &UserId) -> Result<Vec<MembershipRecord>, Error> {
        self.query(&keys::memberships(user), SortKeys::Prefix(keys::MEMBERSHIP_PREFIX)).await
    }

    /// Returns the current names of these organizations, without those that no longer exist. One round trip.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn organization_names(
        &self,
        organizations: &[OrganizationId],
    ) -> Result<HashMap<OrganizationId, String>, Error> {
        let keys = organizations.iter().map(|organization| keys::organization(organization).by(Authority::Member));
        let names: Vec<OrganizationNameOf> = self.batch_get(keys, &["id", "Name"]).await?;
        Ok(names.into_iter().map(|organization| (organization.id, organization.name)).collect())
    }

    /// The organization of this code, where there is one: one read.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn organization_by_code(&self, code: &OrganizationCode) -> Result<Option<OrganizationId>, Error> {
        let record = self.get(keys::organization_code(code)).await?;
        Ok(record.map(|record| record.organization_id))
    }
}
