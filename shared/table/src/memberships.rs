//! A user's organizations, found by the user: for sign-in, for the token exchange and for the user's own list.

use std::collections::{BTreeMap, HashMap};

use claims::Role;
use domain::ids::{OrganizationCode, OrganizationId, UserId};
use dynamo::SortKeys;

use crate::{
    Error, Table,
    records::{MembershipRecord, OrganizationNameOf},
    remembered::Remembered,
    scope::{Authority, keys},
};

/// Each role of a user in an organization is an item of its own.
const ROLES: usize = 2;
/// What a membership's record holds, for reads of single ones.
const ATTRIBUTES: [&str; 4] = ["organization_id", "organization_code", "role", "customer_number"];

/// The ids of organizations by their codes.
pub(crate) type OrganizationsByCode = Remembered<OrganizationCode, OrganizationId>;

/// Some of a user's memberships, in the order of the organizations' ids.
pub struct MembershipPage {
    /// Each role in each organization of the page.
    pub memberships: Vec<MembershipRecord>,
    /// The last organization of the page, if the user belongs to more.
    pub next: Option<OrganizationId>,
}

/// One of a user's organizations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserOrganization {
    /// The organization's code.
    pub code: OrganizationCode,
    /// Its current name.
    pub name: String,
    /// The user's roles in it.
    pub roles: Vec<Role>,
}

impl Table {
    /// The most organizations of a user that one answer lists. Strangers can promote anybody, so the number of a
    /// user's organizations has no bound.
    pub const MAX_LISTED_ORGANIZATIONS: usize = 100;

    /// A user's memberships in the first organizations: one Query.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn memberships(&self, user: &UserId) -> Result<MembershipPage, Error> {
        self.memberships_after(user, None, Self::MAX_LISTED_ORGANIZATIONS).await
    }

    /// A user's memberships in up to so many organizations, beyond the one that the page before ended with: one Query.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn memberships_after(
        &self,
        user: &UserId,
        after: Option<&OrganizationId>,
        organizations: usize,
    ) -> Result<MembershipPage, Error> {
        let (from, to) = keys::memberships_after(after);
        // One item more tells whether there is another organization.
        let limit = ROLES * organizations + 1;
        let partition = keys::memberships(user);
        let mut memberships = self.query_up_to(&partition, SortKeys::Between(&from, &to), limit).await?;
        let mut seen: Vec<&OrganizationId> = memberships.iter().map(|membership| &membership.organization_id).collect();
        seen.dedup();
        let next = seen.get(organizations).and_then(|_| seen.get(organizations - 1)).map(|last| (*last).clone());
        if let Some(last) = &next {
            memberships.retain(|membership| membership.organization_id <= *last);
        }
        Ok(MembershipPage { memberships, next })
    }

    /// Each role of a user in each organization, however many there are.
    pub(crate) async fn all_memberships(&self, user: &UserId) -> Result<Vec<MembershipRecord>, Error> {
        self.query(&keys::memberships(user), SortKeys::Prefix(keys::MEMBERSHIP_PREFIX)).await
    }

    /// A user's roles in one organization: one read.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn memberships_in(
        &self,
        user: &UserId,
        organization: &OrganizationId,
    ) -> Result<Vec<MembershipRecord>, Error> {
        let keys = [Role::Admin, Role::Customer].map(|role| keys::membership(user, organization, role));
        self.batch_get(keys, &ATTRIBUTES).await
    }

    /// The organizations of these memberships with their current names, without those that no longer exist. One round
    /// trip, or none where there are no memberships.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn organizations_of(&self, memberships: &[MembershipRecord]) -> Result<Vec<UserOrganization>, Error> {
        let mut roles: BTreeMap<_, (OrganizationCode, Vec<Role>)> = BTreeMap::new();
        for membership in memberships {
            let (_, roles) = roles
                .entry(membership.organization_id.clone())
                .or_insert_with(|| (membership.organization_code.clone(), Vec::new()));
            roles.push(membership.role);
        }
        if roles.is_empty() {
            return Ok(Vec::new());
        }
        let mut names = self.organization_names(roles.keys()).await?;
        let organizations = roles
            .into_iter()
            .filter_map(|(id, (code, roles))| Some(UserOrganization { code, name: names.remove(&id)?, roles }));
        Ok(organizations.collect())
    }

    async fn organization_names<'a>(
        &self,
        organizations: impl Iterator<Item = &'a OrganizationId>,
    ) -> Result<HashMap<OrganizationId, String>, Error> {
        let keys = organizations.map(|organization| keys::organization(organization).by(Authority::Member));
        let names: Vec<OrganizationNameOf> = self.batch_get(keys, &["id", "Name"]).await?;
        Ok(names.into_iter().map(|organization| (organization.id, organization.name)).collect())
    }

    /// The organization of this code, where there is one: one read, or none of a code that was read within the last
    /// minute. A code stays with its organization, so only one that ends by itself has to be read each time.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn organization_by_code(&self, code: &OrganizationCode) -> Result<Option<OrganizationId>, Error> {
        if let Some(organization) = self.organizations_by_code().get(code) {
            return Ok(Some(organization));
        }
        let Some(record) = self.get(keys::organization_code(code)).await? else { return Ok(None) };
        if record.expires_at.is_none() {
            self.organizations_by_code().insert(code.clone(), record.organization_id.clone());
        }
        Ok(Some(record.organization_id))
    }
}

impl MembershipPage {
    /// The user's roles in one organization: of this page, or by one more read if the page doesn't reach that far.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn of_organization(
        &self,
        table: &Table,
        user: &UserId,
        organization: &OrganizationId,
    ) -> Result<Vec<MembershipRecord>, Error> {
        if self.next.as_ref().is_some_and(|last| last < organization) {
            return table.memberships_in(user, organization).await;
        }
        let here = self.memberships.iter().filter(|membership| membership.organization_id == *organization);
        Ok(here.cloned().collect())
    }
}
