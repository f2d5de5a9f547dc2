use claims::Role;
use counted_index::{Bucket, Order};
use domain::{
    ids::UserId,
    text::{CustomerNumber, EmailAddress, FoldedAddress},
};
use dynamo::{Backoff, Expression, text};

use super::{AssociationOrder, order::association_of};
use crate::{
    AssociationError, Error, IdempotencyKey, OrganizationScope, Replayable,
    members::SeenMember,
    records::{AccountStatus, AssociationRecord, MembershipRecord, OrganizationRecord},
    scope::{Committed, Reads, RoleHeld, Write, keys},
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
    member: SeenMember,
}

/// What doesn't change while the association is tried again.
struct Known {
    organization: OrganizationRecord,
    account: AccountStatus,
}

/// Something isn't as it was read.
struct Changed;

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
        let (user_id, address) = match user {
            UserReference::Id(user_id) => (user_id, None),
            UserReference::Address(email) => {
                let table = self.table();
                let (account, replay) =
                    self.checked(async |_| Ok(tokio::join!(table.credential(&email), table.replay_of(key)))).await?;
                if let Some(replay) = replay? {
                    return Ok(replay);
                }
                (account?.ok_or(AssociationError::NoAccount)?.user_id, Some(email.folded()))
            }
        };
        let association = AssociationRecord { user_id, customer_number };
        // The future is large, and would fill the stack of a caller that holds others beside it.
        Box::pin(Target::new(self, &association).put(address.as_ref(), key)).await
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

    async fn put(
        &self,
        address: Option<&FoldedAddress>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Replayable<AssociationRecord>, AssociationError> {
        let table = self.scope.table();
        let ((organization, account, first), mut held) = self
            .scope
            .checked_with_organization_to_write(|reads| async move {
                let organization = reads.get(keys::organization(self.scope.id()));
                let account = table.get_part::<AccountStatus, _>(keys::account(&self.association.user_id));
                let (organization, account, found) =
                    tokio::join!(organization, account, self.find(reads, address, key));
                Ok(organization?.map(|organization| (organization, account, found)))
            })
            .await?;
        let mut found = first?;
        if let Some(replay) = found.replay {
            return Ok(replay);
        }
        let account = account?.ok_or(AssociationError::NoUser)?;
        // An account that has an end can't be associated: the association would outlive it.
        if (table.requires_verified_email() || account.expires_at.is_some()) && !account.email_verified {
            return Err(AssociationError::EmailNotVerified);
        }
        let address = FoldedAddress::of(&account.email);
        let read = Known { organization, account };
        let mut backoff = Backoff::default();
        loop {
            if found.known.as_ref() == Some(self.association) && key.is_none() {
                return Ok(Replayable::new(self.association.clone()));
            }
            let write = self.add(held, &found, &read).await?.idempotent(key, self.association);
            match write.commit(self.association.clone()).await? {
                Committed::Done(done) => return Ok(done),
                Committed::Refused(_) => backoff
                    .wait_or_give_up("the associations are being changed by others")
                    .await
                    .map_err(Error::from)?,
            }
            // Who was demoted since the last attempt associates nobody any more. Somebody may be invited by the address
            // meanwhile, or was before.
            (found, held) = self.scope.checked_to_write(|reads| self.find(reads, Some(&address), key)).await?;
            if let Some(replay) = found.replay {
                return Ok(replay);
            }
        }
    }

    async fn find(
        &self,
        reads: Reads<'_>,
        address: Option<&FoldedAddress>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Found, Error> {
        let (replay, known, user_bucket, customer_bucket, member) = tokio::join!(
            self.scope.table().replay_of(key),
            association_of(reads, self.scope.id(), &self.association.user_id),
            reads.indexes().locate(&self.by_user, &self.user_key),
            reads.indexes().locate(&self.by_customer, &self.customer_key),
            SeenMember::read(reads, self.scope.id(), Some(&self.association.user_id), address),
        );
        Ok(Found {
            replay: replay?,
            known: known?,
            user_bucket: user_bucket?,
            customer_bucket: customer_bucket?,
            member: member?,
        })
    }

    /// Returns the write of the association: a new entry in both orders, a move, or nothing if it exists already.
    async fn add<'t>(
        &self,
        held: RoleHeld<'t>,
        found: &Found,
        Known { organization, account }: &Known,
    ) -> Result<Write<'t, RoleHeld<'t>, Changed>, AssociationError> {
        let (table, id, user) = (self.scope.table(), self.scope.id(), &self.association.user_id);
        if found.known.as_ref() == Some(self.association) {
            return Ok(held.write());
        }
        self.require_own_address(&found.member, account).await?;
        let before = found.member.before(table, id, user, organization.members_indexed).await?;
        let row = before.or_joining(user, &account.email).with_customer(&self.association.customer_number);
        let mut changes = found.member.change(*held.indexes(), Some(row)).await?;
        changes.insert(&self.by_customer, &found.customer_bucket, &self.customer_key, self.association);
        let membership_key = keys::membership(user, id, Role::Customer);
        let write = if let Some(known) = &found.known {
            let left_key = AssociationOrder::CustomerNumber.key(known);
            let left_bucket = held.indexes().locate(&self.by_customer, &left_key).await.map_err(Error::from)?;
            let number = text(self.association.customer_number.as_str());
            let moved = Expression::update("SET customer_number = :number").value(":number", number);
            changes.remove(&self.by_customer, &left_bucket, &left_key, Expression::default());
            changes.update(&self.by_user, &self.user_key, moved.clone().and(known.unchanged()));
            held.write().update(membership_key, &moved, Changed)
        } else {
            changes.insert(&self.by_user, &found.user_bucket, &self.user_key, self.association);
            let membership = MembershipRecord::customer(id, &organization.code, &self.association.customer_number);
            held.write().put_new(membership_key, &membership, Changed)
        };
        let write = before.check(write, id, user, Role::Customer, Changed);
        Ok(write.change_indexes(changes, || Changed))
    }

    /// Asks that the address is the account's, where another member has it. Of two accounts from before addresses were
    /// compared as they are now, one may be found by an address that is the other's.
    async fn require_own_address(&self, member: &SeenMember, account: &AccountStatus) -> Result<(), AssociationError> {
        let user = &self.association.user_id;
        let is_free = member.row().is_none_or(|row| row.user_id == *user || row.is_invited());
        if is_free {
            return Ok(());
        }
        let owner = self.scope.table().get(keys::credential(&FoldedAddress::of(&account.email))).await?;
        if owner.is_some_and(|owner| owner.user_id == *user) { Ok(()) } else { Err(AssociationError::NoUser) }
    }
}
