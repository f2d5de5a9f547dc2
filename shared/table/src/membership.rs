//! A user's organizations, seen from the user: what sign-in lists and enrichment asks.

use std::collections::HashMap;

use claims::Role;
use domain::{
    ids::{OrganizationCode, OrganizationId, UserId},
    text::CustomerNumber,
};
use dynamo::{SortKeys, from_item};
use serde::{Deserialize, Serialize};

use crate::{Error, Table, keys};

/// One role of a user in one organization.
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

#[derive(Deserialize)]
struct CodeRecord {
    organization_id: OrganizationId,
}

#[derive(Deserialize)]
struct NameRecord {
    id: OrganizationId,
    #[serde(rename = "Name")]
    name: String,
}

impl Table {
    /// Each role of a user in each organization: one Query.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn memberships(&self, user: &UserId) -> Result<Vec<MembershipRecord>, Error> {
        let items = self.query(&keys::membership_partition(user), SortKeys::Prefix("ORG#")).await?;
        Ok(items.into_iter().map(from_item).collect::<Result<_, _>>()?)
    }

    /// The present names of those organizations that exist: one round trip.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn organization_names(
        &self,
        organizations: &[OrganizationId],
    ) -> Result<HashMap<OrganizationId, String>, Error> {
        let keys = organizations.iter().map(keys::organization).collect();
        let items = self.batch_get(keys, &["id", "Name"]).await?;
        items
            .into_iter()
            .map(|item| Ok(from_item::<NameRecord>(item).map(|record| (record.id, record.name))?))
            .collect()
    }

    /// The organization of this code: one read.
    ///
    /// # Errors
    /// [`Error::UnknownOrganizationCode`], or the table is out of reach.
    pub async fn organization_by_code(&self, code: &OrganizationCode) -> Result<OrganizationId, Error> {
        let record: Option<CodeRecord> = self.get(keys::organization_code(code)).await?;
        Ok(record.ok_or(Error::UnknownOrganizationCode)?.organization_id)
    }
}
