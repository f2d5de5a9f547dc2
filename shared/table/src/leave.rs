//! A user leaves an organization: every role of the user ends in one transaction.

use claims::Role;
use counted_index::Outcome;
use domain::ids::{OrganizationId, UserId};
use dynamo::{Backoff, Expression, number};

use crate::{
    Error, LeaveError, Table,
    associations::AssociationOrder,
    records::AssociationRecord,
    scope::{Authority, keys},
};

impl Table {
    /// Ends every role of a user in an organization, as the user wishes: two round trips, or three for a user who is
    /// associated with a customer. To refuse the last admin takes two.
    ///
    /// # Errors
    /// [`LeaveError::NotAMember`], [`LeaveError::LastAdmin`], or the table is out of reach.
    pub async fn leave(&self, user: &UserId, organization: &OrganizationId) -> Result<(), LeaveError> {
        let mut backoff = Backoff::default();
        loop {
            match self.try_to_leave(user, organization).await? {
                Outcome::Done => return Ok(()),
                Outcome::Conflict => {
                    backoff.wait_or_give_up("the members are being changed by others").await.map_err(Error::from)?;
                }
            }
        }
    }

    async fn try_to_leave(&self, user: &UserId, id: &OrganizationId) -> Result<Outcome, LeaveError> {
        let indexes = self.indexes_by(Authority::Member);
        let (by_user, by_customer) = (AssociationOrder::UserId.index(id), AssociationOrder::CustomerNumber.index(id));
        let organization_key = keys::organization(id).by(Authority::Member);
        let locate = async { indexes.locate(&by_user, user.as_str()).await.map_err(Error::from) };
        let (organization, memberships, user_bucket) =
            tokio::try_join!(self.get(organization_key.clone()), self.memberships_in(user, id), locate)?;
        let organization = organization.filter(|_| !memberships.is_empty()).ok_or(LeaveError::NotAMember)?;

        let any = Expression::default();
        let mut write = indexes.write();
        for membership in memberships {
            let membership_key = keys::membership(user, id, membership.role).into_raw();
            write = write.with(|transaction| transaction.delete(membership_key, &any, ()));
            match (membership.role, membership.customer_number) {
                (Role::Admin, _) => {
                    if organization.admin_count <= 1 {
                        let is_last = self.is_last_admin(user, id).await?;
                        return if is_last { Err(LeaveError::LastAdmin) } else { Ok(Outcome::Conflict) };
                    }
                    let one_less = Expression::update("ADD admin_count :less")
                        .and_condition("admin_count > :one")
                        .value(":less", number(-1))
                        .value(":one", number(1));
                    let (admin_key, organization_key) =
                        (keys::admin(id, user).by(Authority::Member), organization_key.clone());
                    write = write.with(|transaction| {
                        transaction.update(organization_key.into_raw(), &one_less, ()).delete(
                            admin_key.into_raw(),
                            &any,
                            (),
                        )
                    });
                }
                (Role::Customer, Some(customer_number)) => {
                    let association = AssociationRecord { user_id: user.clone(), customer_number };
                    let customer_key = AssociationOrder::CustomerNumber.key(&association);
                    let bucket = indexes.locate(&by_customer, &customer_key).await.map_err(Error::from)?;
                    write = write.remove(&by_user, &user_bucket, user.as_str(), &association.unchanged()).remove(
                        &by_customer,
                        &bucket,
                        &customer_key,
                        &any,
                    );
                }
                (Role::Customer, None) => {
                    return Err(Error::Internal("an association has no customer".into()).into());
                }
            }
        }
        Ok(write.commit().await.map_err(Error::from)?)
    }

    /// Returns whether the user is the only admin, by two items as they are at one moment. What was read side by side
    /// does not tell: the membership is read, the user is demoted by the other admin, and the count is read.
    async fn is_last_admin(&self, user: &UserId, id: &OrganizationId) -> Result<bool, Error> {
        let reads = self.reads_by(Authority::Member);
        let (organization, admin) = reads.get_at_one_moment(keys::organization(id), keys::admin(id, user)).await?;
        Ok(admin.is_some() && organization.is_some_and(|organization| organization.admin_count <= 1))
    }
}
