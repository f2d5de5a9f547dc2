//! Carries an account's present address to each organization that shows it.

use std::collections::BTreeSet;

use domain::{
    ids::{OrganizationId, UserId},
    text::FoldedAddress,
};
use dynamo::{Backoff, Expression, text};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{
    Error, Outbox, QueueEntry, Table,
    members::SeenMember,
    records::{CredentialRecord, MemberRecord},
    scope::{Authority, Committed, keys},
};

/// The number of organizations that are updated concurrently.
const MAX_CONCURRENT_UPDATES: usize = 16;

impl Table {
    /// Makes every organization of a user show the account's present address, one in a transaction. Safe to run again,
    /// and beside itself.
    pub(crate) async fn move_address(&self, user: &UserId) -> Result<(), Error> {
        let memberships = self.all_memberships(user).await?;
        let organizations: BTreeSet<_> = memberships.into_iter().map(|membership| membership.organization_id).collect();
        let moves =
            stream::iter(organizations).map(async |organization| self.move_address_in(user, &organization).await);
        moves.buffer_unordered(MAX_CONCURRENT_UPDATES).try_collect().await
    }

    async fn move_address_in(&self, user: &UserId, organization: &OrganizationId) -> Result<(), Error> {
        let mut backoff = Backoff::default();
        while !self.try_to_move_address_in(user, organization).await? {
            backoff.wait_or_give_up("the members are being changed by others").await?;
        }
        Ok(())
    }

    /// Returns whether the organization shows the present address. It doesn't where something has changed since it was
    /// read.
    async fn try_to_move_address_in(&self, user: &UserId, organization: &OrganizationId) -> Result<bool, Error> {
        let by = Authority::AccountOwner;
        let Some(account) = self.account(user).await? else { return Ok(true) };
        let address = FoldedAddress::of(&account.email);
        let admin_key = keys::admin(organization, user).by(by);
        let (admin, member) = tokio::try_join!(
            self.get(admin_key.clone()),
            SeenMember::read(self.reads_by(by), organization, Some(user), Some(&address))
        )?;
        let admin = admin.filter(|admin| admin.email != account.email);
        let row = member.row_of(user).filter(|row| row.email != account.email);
        if admin.is_none() && row.is_none() {
            return Ok(true);
        }
        // The account may have moved on: the address is still the account's as this commits.
        let present = CredentialRecord::belongs_to(user)
            .and(Expression::condition("email = :email").value(":email", text(&account.email)));
        let mut write = self.write().check(keys::credential(&address), &present, ());
        if admin.is_some() {
            let moved = Expression::update("SET email = :email").value(":email", text(&account.email));
            write = write.update(admin_key, &moved, ());
        }
        if let Some(row) = row {
            let moved = MemberRecord { email: account.email.clone(), ..row.clone() };
            let changes = member.readdress(*self.indexes_by(by), moved).await?;
            write = write.change_indexes_by(changes, || (), by);
        }
        Ok(matches!(write.commit(()).await?, Committed::Done(_)))
    }
}

impl Outbox {
    /// Finishes a move that was begun and not ended, once its entry is due.
    ///
    /// # Errors
    /// The table is out of reach: a sweep finds the entry again.
    pub async fn finish_address_move(&self, entry: &QueueEntry, user: &UserId) -> Result<(), Error> {
        if entry.due_at > self.now() {
            return Ok(());
        }
        self.table().move_address(user).await?;
        self.remove(entry).await
    }
}
