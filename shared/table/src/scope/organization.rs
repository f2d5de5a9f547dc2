use claims::{AdminClaim, Principal};
use counted_index::CountedIndex;
use domain::ids::{OrganizationId, UserId};
use dynamo::{Expression, Item, Key, from_item};

use super::{
    Table, Write, keys,
    reads::Reads,
    role::{self, Standing, StandingItem},
};
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

    /// Returns the user or the machine that calls.
    pub(crate) fn caller(&self) -> &'t Principal {
        self.claim.principal()
    }

    /// Returns the user who calls, or `None` if a machine does.
    pub(crate) fn caller_id(&self) -> Option<&'t UserId> {
        match self.claim.principal() {
            Principal::User { user_id, .. } => Some(user_id),
            Principal::Machine { .. } => None,
        }
    }

    /// Returns whether this user is the caller.
    pub(crate) fn is_caller(&self, user: &UserId) -> bool {
        self.caller_id() == Some(user)
    }

    /// Refuses a caller who has not verified an address, where that is required, to have anybody mailed or made an
    /// admin. A machine counts as verified once one of the organization's admins is.
    ///
    /// The token's claim is enough for a person: the first verification ends every token from before.
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

    /// Checks that the caller's role holds, with one read of a few items.
    ///
    /// All calls of an organization share its own item. So one that was there within the last minute is not read
    /// again, unless it ends by itself. The caller's role and sign-in are read each time.
    ///
    /// # Errors
    /// [`Error::SessionEnded`], [`Error::OrganizationGone`], [`Error::NotAdmin`], [`Error::InvalidKey`],
    /// [`Error::AccessNotCovered`], or the table is out of reach.
    pub async fn check(&self) -> Result<(), Error> {
        let endless = self.table.endless_organizations();
        let is_known = endless.get(self.id()).is_some();
        let organization = (!is_known).then(|| keys::organization(self.id()).into_key().into_raw());
        let items = self.standing_items(organization, &StandingItem::ATTRIBUTES).await?;
        let read = items.iter().find(|item| item.is_organization());
        if read.is_some_and(StandingItem::is_endless) {
            endless.insert(self.id().clone(), ());
        }
        self.require_standing(&items, is_known || read.is_some())
    }

    /// Reads these attributes of the items that decide whether the caller is authorized, and of the item of one more
    /// key.
    async fn standing_items(&self, more: Option<Key>, attributes: &[&str]) -> Result<Vec<StandingItem>, Error> {
        let keys = more.into_iter().chain(role::standing_keys(self.claim)).collect();
        let items = self.table.engine().batch_get(keys, attributes).await?;
        Ok(items.into_iter().map(from_item).collect::<Result<_, _>>()?)
    }

    /// A sign-in that has ended wins over an organization that is gone, and that over a lost role.
    fn require_standing(&self, items: &[StandingItem], organization_exists: bool) -> Result<(), Error> {
        match role::standing(self.claim, items) {
            Standing::SessionEnded => Err(Error::SessionEnded),
            _ if !organization_exists => Err(self.organization_gone()),
            standing => self.require(standing),
        }
    }

    fn require(&self, standing: Standing) -> Result<(), Error> {
        match standing {
            Standing::Holds => Ok(()),
            Standing::SessionEnded => Err(Error::SessionEnded),
            Standing::RoleLost => Err(self.role_lost()),
            Standing::NotCovered => Err(Error::AccessNotCovered),
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
        // Boxed, since the reads of a use case are large, and each layer around them would have them on its stack.
        let (role, read) = tokio::join!(self.check(), Box::pin(reads(Reads::new(self.table))));
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
        let standing = self.standing_items(None, &StandingItem::ATTRIBUTES);
        let (items, read) = tokio::join!(standing, Box::pin(reads(Reads::new(self.table))));
        self.if_standing(read?, &items?)
    }

    /// Returns what was read, which is `None` without the organization, only if the caller's role holds.
    fn if_standing<T>(&self, read: Option<T>, items: &[StandingItem]) -> Result<T, Error> {
        self.require_standing(items, read.is_some())?;
        read.ok_or_else(|| self.organization_gone())
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

    /// Checks like [`Self::checked_with_organization_to_write`], and also returns the caller's full name. The role
    /// check reads the admin item that has the name, so the name takes no read of its own. A machine has none.
    pub(crate) async fn checked_with_organization_and_name_to_write<T, F>(
        &self,
        reads: impl FnOnce(Reads<'t>) -> F,
    ) -> Result<(T, Option<String>, RoleHeld<'t>), Error>
    where
        F: Future<Output = Result<Option<T>, Error>>,
    {
        let standing = self.standing_items(None, &StandingItem::ATTRIBUTES_AND_NAME);
        let (items, read) = tokio::join!(standing, Box::pin(reads(Reads::new(self.table))));
        let (read, items) = (read?, items?);
        Ok((self.if_standing(read, &items)?, role::full_name(self.claim, &items), RoleHeld(self.table)))
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
        role::key(self.claim)
    }

    pub(super) fn role_condition(&self) -> Expression {
        role::condition(self.claim)
    }

    /// Returns the key of the caller's account and the condition that the token's sign-in goes on, if it names one.
    pub(super) fn session_condition(&self) -> Option<(Key, Expression)> {
        role::session(self.claim.principal())
    }

    /// Checks that the caller's own role item, as a failed condition found it, still authorizes the caller.
    pub(super) fn require_role(&self, item: Option<Item>) -> Result<(), Error> {
        let item = item.filter(|item| !item.is_empty()).map(from_item).transpose()?;
        self.require(role::role(self.claim, item.as_ref()))
    }

    /// Returns the refusal of a caller whose role does not hold. A caller with an API key is told that the key is
    /// invalid, because nothing has verified the key before.
    fn role_lost(&self) -> Error {
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
