use claims::Role;
use counted_index::Bucket;
use domain::ids::UserId;
use dynamo::{Backoff, Expression};

use super::{AssociationOrder, order::association_of};
use crate::{
    AssociationError, Error, OrganizationScope,
    members::SeenMember,
    records::AssociationRecord,
    scope::{Committed, RoleHeld, keys},
};

/// What was read of a user whose association ends.
struct Found {
    known: AssociationRecord,
    user_bucket: Bucket,
    member: SeenMember,
}

impl OrganizationScope<'_> {
    /// Removes a user's association: three round trips.
    ///
    /// # Errors
    /// [`AssociationError::NotAssociated`], the scope's own, or the table is out of reach.
    pub async fn dissociate(&self, user: &UserId) -> Result<(), AssociationError> {
        let by_user = &AssociationOrder::UserId.index(self.id());
        let mut backoff = Backoff::default();
        loop {
            let ((known, user_bucket, member), held) = self
                .checked_to_write(|reads| async move {
                    let (known, bucket, member) = tokio::join!(
                        association_of(reads, self.id(), user),
                        reads.indexes().locate(by_user, user.as_str()),
                        SeenMember::read(reads, self.id(), Some(user), None)
                    );
                    Ok((known?, bucket?, member?))
                })
                .await?;
            let known = known.ok_or(AssociationError::NotAssociated)?;
            if self.try_to_dissociate(held, Found { known, user_bucket, member }).await? {
                return Ok(());
            }
            backoff.wait_or_give_up("the associations are being changed by others").await.map_err(Error::from)?;
        }
    }

    /// Returns whether the association was removed. Otherwise something isn't as it was read.
    async fn try_to_dissociate(&self, held: RoleHeld<'_>, found: Found) -> Result<bool, Error> {
        let Found { known, user_bucket, member } = found;
        let user = &known.user_id;
        let [by_user, by_customer] = AssociationOrder::BOTH.map(|order| order.index(self.id()));
        let customer_key = AssociationOrder::CustomerNumber.key(&known);
        let customer_bucket = async { held.indexes().locate(&by_customer, &customer_key).await.map_err(Error::from) };
        let (customer_bucket, before) =
            tokio::try_join!(customer_bucket, member.before(self.table(), self.id(), user, false))?;
        let mut changes = member.change(*held.indexes(), before.without(Role::Customer)).await?;
        changes.remove(&by_user, &user_bucket, user.as_str(), known.unchanged());
        changes.remove(&by_customer, &customer_bucket, &customer_key, Expression::default());
        let membership = keys::membership(user, self.id(), Role::Customer);
        let write = held.write().delete(membership, &Expression::default(), ());
        let write = before.check(write, self.id(), user, Role::Customer, ());
        Ok(matches!(write.change_indexes(changes, || ()).commit(()).await?, Committed::Done(_)))
    }
}
