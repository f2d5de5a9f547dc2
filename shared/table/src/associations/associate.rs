use claims::Role;
use counted_index::{Bucket, IndexReader, IndexWrite, Order, Outcome, entry_key};
use domain::{
    ids::UserId,
    text::{CustomerNumber, EmailAddress},
};
use dynamo::{Backoff, Expression, text};

use super::{AssociationOrder, order::association_of};
use crate::{
    AssociationError, Error, IdempotencyKey, OrganizationScope, Replayable,
    records::{AccountStatus, AssociationRecord, MembershipRecord, OrganizationRecord},
    scope::{Reads, Record, keys},
};

/// How a caller names the user to be associated.
#[derive(Clone, Debug)]
pub enum UserReference {
    /// By the account's id.
    Id(UserId),
    /// By the account's address, which takes a round trip more.
    Address(EmailAddress),
}

/// The association to be made, and where it belongs in both orders.
struct Target<'a> {
    scope: &'a OrganizationScope<'a>,
    association: &'a AssociationRecord,
    by_user: Order,
    by_customer: Order,
    user_key: String,
    customer_key: String,
}

/// The association as it is stored.
struct Found {
    replay: Option<Replayable<AssociationRecord>>,
    known: Option<AssociationRecord>,
    user_bucket: Bucket,
    customer_bucket: Bucket,
}

impl OrganizationScope<'_> {
    /// Associates a user with a customer, or moves the user to it: two round trips, three for a move, one more by
    /// address.
    ///
    /// # Errors
    /// [`AssociationError::NoUser`], [`AssociationError::NoAccount`], [`AssociationError::EmailNotVerified`], the
    /// scope's own, [`Error::KeyReused`], or the table is out of reach.
    pub async fn associate(
        &self,
        user: UserReference,
        customer_number: CustomerNumber,
        key: Option<&IdempotencyKey>,
    ) -> Result<Replayable<AssociationRecord>, AssociationError> {
        let user_id = match user {
            UserReference::Id(user_id) => user_id,
            UserReference::Address(email) => {
                let table = self.table();
                let (account, replay) =
                    self.checked(async |_| Ok(tokio::join!(table.credential(&email), table.replay_of(key)))).await?;
                if let Some(replay) = replay? {
                    return Ok(replay);
                }
                account?.ok_or(AssociationError::NoAccount)?.user_id
            }
        };
        let association = AssociationRecord { user_id, customer_number };
        Target::new(self, &association).put(key).await
    }
}

impl<'a> Target<'a> {
    fn new(scope: &'a OrganizationScope<'a>, association: &'a AssociationRecord) -> Self {
        Self {
            scope,
            association,
            by_user: AssociationOrder::UserId.index(scope.id()),
            by_customer: AssociationOrder::CustomerNumber.index(scope.id()),
            user_key: AssociationOrder::UserId.key(association),
            customer_key: AssociationOrder::CustomerNumber.key(association),
        }
    }

    async fn put(&self, key: Option<&IdempotencyKey>) -> Result<Replayable<AssociationRecord>, AssociationError> {
        let table = self.scope.table();
        let ((organization, status, first), mut held) = self
            .scope
            .checked_with_organization_to_write(|reads| async move {
                let organization = reads.get(keys::organization(self.scope.id()));
                let status = table.get_part::<AccountStatus, _>(keys::account(&self.association.user_id));
                let (organization, status, found) = tokio::join!(organization, status, self.find(reads, key));
                Ok(organization?.map(|organization| (organization, status, found)))
            })
            .await?;
        let mut found = first?;
        if let Some(replay) = found.replay {
            return Ok(replay);
        }
        let status = status?.ok_or(AssociationError::NoUser)?;
        // An account that has an end can't be associated: the association would outlive it.
        if (table.requires_verified_email() || status.expires_at.is_some()) && !status.email_verified {
            return Err(AssociationError::EmailNotVerified);
        }
        let mut backoff = Backoff::default();
        loop {
            if found.known.as_ref() == Some(self.association) && key.is_none() {
                return Ok(Replayable::new(self.association.clone()));
            }
            let indexes = held.indexes();
            let write = self.add(indexes.write(), *indexes, &found, &organization).await?;
            let write = match key {
                None => write,
                Some(key) => {
                    let record = key.record(self.association)?;
                    let (address, unless_kept) = (key.address().into_raw(), IdempotencyKey::unless_kept());
                    write.with(|transaction| {
                        let entity = crate::records::IdempotencyRecord::ENTITY;
                        transaction.put_on(address, entity, &record, &unless_kept, ())
                    })
                }
            };
            match write.commit().await.map_err(Error::from)? {
                Outcome::Done => return Ok(Replayable::new(self.association.clone())),
                Outcome::Conflict => backoff
                    .wait_or_give_up("the associations are being changed by others")
                    .await
                    .map_err(Error::from)?,
            }
            // Who was demoted since the last attempt associates nobody any more.
            (found, held) = self.scope.checked_to_write(|reads| self.find(reads, key)).await?;
            if let Some(replay) = found.replay {
                return Ok(replay);
            }
        }
    }

    async fn find(&self, reads: Reads<'_>, key: Option<&IdempotencyKey>) -> Result<Found, Error> {
        let (replay, known, user_bucket, customer_bucket) = tokio::join!(
            self.scope.table().replay_of(key),
            association_of(reads, self.scope.id(), &self.association.user_id),
            reads.indexes().locate(&self.by_user, &self.user_key),
            reads.indexes().locate(&self.by_customer, &self.customer_key),
        );
        Ok(Found { replay: replay?, known: known?, user_bucket: user_bucket?, customer_bucket: customer_bucket? })
    }

    /// Adds the association to the write: a new entry in both orders, a move, or nothing if it exists already.
    async fn add<'t>(
        &self,
        write: IndexWrite<'t>,
        indexes: IndexReader<'_>,
        found: &Found,
        organization: &OrganizationRecord,
    ) -> Result<IndexWrite<'t>, Error> {
        let membership_key = keys::membership(&self.association.user_id, self.scope.id(), Role::Customer).into_raw();
        match &found.known {
            Some(known) if known == self.association => Ok(write),
            Some(known) => {
                let left_key = AssociationOrder::CustomerNumber.key(known);
                let left_bucket = indexes.locate(&self.by_customer, &left_key).await?;
                let number = text(self.association.customer_number.as_str());
                let moved = Expression::update("SET customer_number = :number").value(":number", number);
                let user_entry = entry_key(&self.by_user.partition, &self.user_key);
                Ok(write
                    .insert(&self.by_customer, &found.customer_bucket, &self.customer_key, self.association)
                    .remove(&self.by_customer, &left_bucket, &left_key, &Expression::default())
                    .with(|transaction| {
                        let from_known = moved.clone().and(known.unchanged());
                        transaction.update(membership_key, &moved, ()).update(user_entry, &from_known, ())
                    }))
            }
            None => {
                let membership =
                    MembershipRecord::customer(self.scope.id(), &organization.code, &self.association.customer_number);
                Ok(write
                    .insert(&self.by_customer, &found.customer_bucket, &self.customer_key, self.association)
                    .insert(&self.by_user, &found.user_bucket, &self.user_key, self.association)
                    .with(|transaction| transaction.put_new(membership_key, MembershipRecord::ENTITY, &membership, ())))
            }
        }
    }
}
