use claims::{AdminClaim, Principal};
use counted_index::CountedIndex;
use domain::ids::{OrganizationId, UserId};
use dynamo::{Expression, from_item};

use super::{Checked, Table, Write, keys, reads::Reads, role, role::RoleItem};
use crate::{Error, machines};

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
    /// The one organization that the caller claims to run. That a machine's credential is in use is recorded after the
    /// request, where that succeeds.
    #[must_use]
    pub fn organization<'t>(&'t self, claim: &'t AdminClaim) -> OrganizationScope<'t> {
        if let Principal::Machine { client_id, .. } = claim.principal() {
            machines::record_use_after_request(self, claim.organization_id(), client_id);
        }
        OrganizationScope { table: self, claim }
    }
}

/// Writes of an organization's records for a caller whose role was read beside what the write is made of.
///
/// Writes that come in bulk don't carry the role as a condition: on AWS, transactions in flight that touch one item
/// conflict, be it by a mere check.
#[derive(Clone, Copy)]
pub(crate) struct RoleHeld<'t>(&'t Table);

impl<'t> RoleHeld<'t> {
    /// A transaction on the organization's records.
    pub(crate) fn write<R>(self) -> Write<'t, Checked, R> {
        Write::new(self.0)
    }

    /// More reads, for an attempt that follows one that met others.
    pub(crate) fn reads(self) -> Reads<'t> {
        Reads::new(self.0)
    }

    /// The organization's counted indexes.
    pub(crate) fn indexes(self) -> CountedIndex<'t> {
        CountedIndex::new(self.0.engine())
    }
}

impl<'t> OrganizationScope<'t> {
    /// The organization.
    pub(crate) fn id(&self) -> &'t OrganizationId {
        self.claim.organization_id()
    }

    /// The table, for what belongs to no single organization.
    pub(crate) fn table(&self) -> &'t Table {
        self.table
    }

    /// Whether this user is the caller.
    pub(crate) fn is_caller(&self, user: &UserId) -> bool {
        matches!(self.claim.principal(), Principal::User { user_id, .. } if user_id == user)
    }

    /// Asks whether the caller's role holds: one read of two items.
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

    /// Runs reads beside the live role check, and hands out what they read only where the role holds.
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

    /// A transaction that begins with the conditions that the organization exists and that the caller's role holds.
    pub(crate) fn write<R>(&self) -> Write<'t, Checked, R> {
        Write::scoped(self.table, *self).check_organization()
    }

    /// A transaction like [`Self::write`] that also updates the organization's own item, on `change`'s condition. If
    /// that fails, the answer is `refusal`.
    pub(crate) fn write_changing_organization<R>(&self, change: &Expression, refusal: R) -> Write<'t, Checked, R> {
        Write::scoped(self.table, *self).change_organization(change, refusal)
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

    /// The refusal of a caller whose role doesn't hold. A key is a claim that nothing verified before.
    pub(super) fn role_lost(&self) -> Error {
        if self.came_by_key() { Error::InvalidKey } else { Error::NotAdmin }
    }

    /// The refusal of a caller whose organization is gone. A key that names one that never was is just no key.
    pub(super) fn organization_gone(&self) -> Error {
        if self.came_by_key() { Error::InvalidKey } else { Error::OrganizationGone }
    }

    fn came_by_key(&self) -> bool {
        matches!(self.claim.principal(), Principal::Machine { secret_hash: Some(_), .. })
    }
}
