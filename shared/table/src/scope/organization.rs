use claims::{AdminClaim, Principal};
use counted_index::CountedIndex;
use domain::ids::{OrganizationId, UserId};
use dynamo::{Expression, from_item};

use super::{Table, Write, keys, reads::Reads, role, role::RoleItem};
use crate::{Error, machines, records::OrganizationRecord};

/// One organization's records, for a caller who claims its admin role.
///
/// The claim is checked at each call, against the table as it is at that moment: a demoted admin is refused on the very
/// next call, whatever the token says. Nothing else hands out the organization's records.
#[derive(Clone, Copy, Debug)]
pub struct OrganizationScope<'t> {
    table: &'t Table,
    claim: &'t AdminClaim,
}

impl Table {
    /// Returns the scope of the organization whose admin the caller claims to be. If the caller is a machine, the use
    /// of its credential is recorded once the request has succeeded.
    #[must_use]
    pub fn organization<'t>(&'t self, claim: &'t AdminClaim) -> OrganizationScope<'t> {
        if let Principal::Machine { client_id, .. } = claim.principal() {
            machines::record_use_after_request(self, claim.organization_id(), client_id);
        }
        OrganizationScope { table: self, claim }
    }
}

/// The permission to write an organization's records without a condition on the role, which was checked when the data
/// behind the write was read.
///
/// Bulk writes need it. On AWS, concurrent transactions on one item conflict, even if all of them only check it. With
/// the role as a condition, an admin's concurrent writes would conflict.
#[derive(Clone, Copy)]
pub(crate) struct RoleHeld<'t>(&'t Table);

impl<'t> RoleHeld<'t> {
    /// Begins a transaction on the organization's records.
    pub(crate) fn write<R>(self) -> Write<'t, Self, R> {
        Write::new(self.0, self)
    }

    /// Returns further reads, for another attempt after a conflict.
    pub(crate) fn reads(self) -> Reads<'t> {
        Reads::new(self.0)
    }

    /// Returns the organization's counted indexes.
    pub(crate) fn indexes(self) -> CountedIndex<'t> {
        CountedIndex::new(self.0.engine())
    }
}

impl<'t> OrganizationScope<'t> {
    /// Returns the organization's id.
    pub(crate) fn id(&self) -> &'t OrganizationId {
        self.claim.organization_id()
    }

    /// Returns the table, for records that belong to no single organization.
    pub(crate) fn table(&self) -> &'t Table {
        self.table
    }

    /// Returns whether this user is the caller.
    pub(crate) fn is_caller(&self, user: &UserId) -> bool {
        matches!(self.claim.principal(), Principal::User { user_id, .. } if user_id == user)
    }

    /// Refuses a caller who has not verified an address, where that is required, to have anybody mailed or made an admin.
    /// A machine counts as verified once one of the organization's admins is.
    ///
    /// The token's claim is enough for a person: where the address was verified since, the role check has refused the
    /// token.
    ///
    /// # Errors
    /// [`Error::CallerUnverified`].
    pub(crate) fn require_verified(&self, organization: &OrganizationRecord) -> Result<(), Error> {
        let verified = match self.claim.principal() {
            Principal::User { email_verified, .. } => *email_verified,
            Principal::Machine { .. } => !organization.unverified,
        };
        if verified || !self.table.requires_verified_email() { Ok(()) } else { Err(Error::CallerUnverified) }
    }

    /// Checks that the caller's role holds, with one read of two items.
    ///
    /// # Errors
    /// [`Error::OrganizationGone`], [`Error::NotAdmin`], [`Error::InvalidKey`], or the table is out of reach.
    pub async fn check(&self) -> Result<(), Error> {
        let organization = keys::organization(self.id()).into_key().into_raw();
        let keys = vec![organization, role::key(self.id(), self.claim.principal())];
        let items = self.table.engine().batch_get(keys, &RoleItem::ATTRIBUTES).await?;
        let (mut exists, mut holds) = (false, false);
        for item in items {
            let item: RoleItem = from_item(item)?;
            if item.sk == keys::ORGANIZATION {
                exists = true;
            } else {
                holds = item.authorizes(self.claim.principal());
            }
        }
        if !exists {
            Err(self.organization_gone())
        } else if !holds {
            Err(self.role_lost())
        } else {
            Ok(())
        }
    }

    /// Passes `result` on. If it is an error, checks the caller's role first: a lost role wins over any other error.
    ///
    /// # Errors
    /// The error of the role check, or else that of `result`.
    pub async fn lost_role_first<T, E: From<Error>>(&self, result: Result<T, E>) -> Result<T, E> {
        if result.is_err() {
            self.check().await?;
        }
        result
    }

    /// Runs reads concurrently with the live role check, and returns their result only if the role holds.
    pub(crate) async fn checked<T, F>(&self, reads: impl FnOnce(Reads<'t>) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let (role, read) = tokio::join!(self.check(), reads(Reads::new(self.table)));
        role?;
        read
    }

    /// Checks like [`Self::checked`], and also returns the permission to write in bulk by what was read.
    pub(crate) async fn checked_to_write<T, F>(
        &self,
        reads: impl FnOnce(Reads<'t>) -> F,
    ) -> Result<(T, RoleHeld<'t>), Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        Ok((self.checked(reads).await?, RoleHeld(self.table)))
    }

    /// Checks like [`Self::checked`], but leaves it to the reads to find the organization, which saves reading one
    /// item. If they return `None`, the organization is gone, which wins over a lost role.
    pub(crate) async fn checked_with_organization<T, F>(&self, reads: impl FnOnce(Reads<'t>) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<Option<T>, Error>>,
    {
        let role_key = role::key(self.id(), self.claim.principal());
        let (item, read) = tokio::join!(self.table.engine().get::<RoleItem>(role_key), reads(Reads::new(self.table)));
        let read = read?.ok_or_else(|| self.organization_gone())?;
        if !item?.is_some_and(|item| item.authorizes(self.claim.principal())) {
            return Err(self.role_lost());
        }
        Ok(read)
    }

    /// Checks like [`Self::checked_with_organization`], and also returns the permission to write in bulk by what was
    /// read.
    pub(crate) async fn checked_with_organization_to_write<T, F>(
        &self,
        reads: impl FnOnce(Reads<'t>) -> F,
    ) -> Result<(T, RoleHeld<'t>), Error>
    where
        F: Future<Output = Result<Option<T>, Error>>,
    {
        Ok((self.checked_with_organization(reads).await?, RoleHeld(self.table)))
    }

    /// Begins a transaction with the conditions that the organization exists and that the caller's role holds.
    pub(crate) fn write<R>(&self) -> Write<'t, Self, R> {
        Write::new(self.table, *self).check_organization()
    }

    /// Begins a transaction like [`Self::write`] that also updates the organization's own item, on `change`'s
    /// condition. If that fails, the answer is `refusal`.
    pub(crate) fn write_changing_organization<R>(&self, change: &Expression, refusal: R) -> Write<'t, Self, R> {
        Write::new(self.table, *self).change_organization(change, refusal)
    }

    pub(super) fn role_key(&self) -> dynamo::Key {
        role::key(self.id(), self.claim.principal())
    }

    pub(super) fn role_condition(&self) -> Expression {
        role::condition(self.claim.principal())
    }

    pub(super) fn authorizes(&self, item: &RoleItem) -> bool {
        item.authorizes(self.claim.principal())
    }

    /// Returns the refusal of a caller whose role does not hold. A caller with an API key is told that the key is
    /// invalid, because nothing has verified the key before.
    pub(super) fn role_lost(&self) -> Error {
        if self.came_by_key() { Error::InvalidKey } else { Error::NotAdmin }
    }

    /// Returns the refusal of a caller whose organization does not exist. A caller with an API key is told that the key
    /// is invalid, because nothing has verified that the organization which the key names ever existed.
    pub(super) fn organization_gone(&self) -> Error {
        if self.came_by_key() { Error::InvalidKey } else { Error::OrganizationGone }
    }

    fn came_by_key(&self) -> bool {
        matches!(self.claim.principal(), Principal::Machine { secret_hash: Some(_), .. })
    }
}
