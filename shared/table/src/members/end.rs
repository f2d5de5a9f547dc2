//! Every role of a user in an organization ends in one transaction: the user leaves, or is removed.

use claims::Role;
use counted_index::{Bucket, CountedIndex, IndexChanges};
use domain::ids::{InvitationId, OrganizationId, UserId};
use dynamo::Expression;

use super::SeenMember;
use crate::{
    Error, Table,
    associations::AssociationOrder,
    records::{AssociationRecord, MembershipRecord},
    scope::{Reads, Write, WriteScope, keys},
};

/// What a user has in an organization, as it was read.
pub(crate) struct UserInOrganization<'a> {
    organization: &'a OrganizationId,
    user: &'a UserId,
    memberships: Vec<MembershipRecord>,
    association_bucket: Bucket,
    member: SeenMember,
}

impl<'a> UserInOrganization<'a> {
    /// Reads it: one round trip.
    pub(crate) async fn read(
        table: &Table,
        reads: Reads<'_>,
        organization: &'a OrganizationId,
        user: &'a UserId,
    ) -> Result<Self, Error> {
        let by_user = AssociationOrder::UserId.index(organization);
        let bucket = async { reads.indexes().locate(&by_user, user.as_str()).await.map_err(Error::from) };
        let (memberships, association_bucket, member) = tokio::try_join!(
            table.memberships_in(user, organization),
            bucket,
            SeenMember::read(reads, organization, Some(user), None)
        )?;
        Ok(Self { organization, user, memberships, association_bucket, member })
    }

    /// Returns whether the roles and the row say the same. They are read one by one, so a change may lie between, after
    /// which a row that is as it was read would take roles with it that nobody has ended.
    pub(crate) fn roles_match_row(&self) -> bool {
        let Some(row) = self.member.row_of(self.user) else { return true };
        let is_in = |role| self.memberships.iter().any(|membership| membership.role == role);
        [Role::Admin, Role::Customer].into_iter().all(|role| row.roles.contains(&role) == is_in(role))
    }

    /// Returns whether the user has any role.
    pub(crate) fn has_a_role(&self) -> bool {
        !self.memberships.is_empty()
    }

    /// Returns the open invitation whose person to come this is.
    pub(crate) fn invitation(&self) -> Option<&InvitationId> {
        self.member.invitation_of(self.user)
    }

    /// Returns whether the user is an admin.
    pub(crate) fn is_admin(&self) -> bool {
        self.memberships.iter().any(|membership| membership.role == Role::Admin)
    }

    /// Adds the end of the memberships to a transaction. `refusal` says that one is gone already.
    pub(crate) fn delete_memberships<'t, S: WriteScope, R>(
        &self,
        write: Write<'t, S, R>,
        refusal: impl Fn() -> R,
    ) -> Write<'t, S, R> {
        self.memberships.iter().fold(write, |write, membership| {
            let key = keys::membership(self.user, self.organization, membership.role);
            write.delete(key, &Expression::default(), refusal())
        })
    }

    /// Returns the end of the association and of the row among the members. An association takes one round trip more.
    pub(crate) async fn end_in_indexes(&self, index: CountedIndex<'_>) -> Result<IndexChanges, Error> {
        let mut changes = self.member.change(*index, None).await?;
        let Some(customer) = self.memberships.iter().find(|membership| membership.role == Role::Customer) else {
            return Ok(changes);
        };
        let number = customer.customer_number.clone();
        let customer_number = number.ok_or_else(|| Error::Internal("an association has no customer".into()))?;
        let association = AssociationRecord { user_id: self.user.clone(), customer_number };
        let [by_user, by_customer] = AssociationOrder::BOTH.map(|order| order.index(self.organization));
        let customer_key = AssociationOrder::CustomerNumber.key(&association);
        let bucket = index.locate(&by_customer, &customer_key).await?;
        changes.remove(&by_user, &self.association_bucket, self.user.as_str(), association.unchanged());
        changes.remove(&by_customer, &bucket, &customer_key, Expression::default());
        Ok(changes)
    }
}
