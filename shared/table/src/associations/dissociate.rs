use claims::Role;
use counted_index::Outcome;
use domain::ids::UserId;
use dynamo::{Backoff, Expression};

use super::{AssociationOrder, order::association_of};
use crate::{AssociationError, Error, OrganizationScope, scope::keys};

impl OrganizationScope<'_> {
    /// Removes a user's association: three round trips.
    ///
    /// # Errors
    /// [`AssociationError::NotAssociated`], the scope's own, or the table is out of reach.
    pub async fn dissociate(&self, user: &UserId) -> Result<(), AssociationError> {
        let by_user = &AssociationOrder::UserId.index(self.id());
        let by_customer = &AssociationOrder::CustomerNumber.index(self.id());
        let mut backoff = Backoff::default();
        loop {
            let ((known, user_bucket), held) = self
                .checked_to_write(|reads| async move {
                    let (known, bucket) = tokio::join!(
                        association_of(reads, self.id(), user),
                        reads.indexes().locate(by_user, user.as_str())
                    );
                    Ok((known?, bucket?))
                })
                .await?;
            let known = known.ok_or(AssociationError::NotAssociated)?;
            let customer_key = AssociationOrder::CustomerNumber.key(&known);
            let indexes = held.indexes();
            let customer_bucket = indexes.locate(by_customer, &customer_key).await.map_err(Error::from)?;
            let membership = keys::membership(user, self.id(), Role::Customer).into_raw();
            let any = Expression::default();
            let outcome = indexes
                .write()
                .remove(by_user, &user_bucket, user.as_str(), &known.unchanged())
                .remove(by_customer, &customer_bucket, &customer_key, &any)
                .with(|transaction| transaction.delete(membership, &any, ()))
                .commit()
                .await
                .map_err(Error::from)?;
            match outcome {
                Outcome::Done => return Ok(()),
                Outcome::Conflict => backoff
                    .wait_or_give_up("the associations are being changed by others")
                    .await
                    .map_err(Error::from)?,
            }
        }
    }
}
