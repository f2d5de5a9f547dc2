//! Builds the index of users for organizations of tables from before it, while calls go on.
//!
//! 1. Create the first buckets. From then on, whatever changes a role writes the row; before, it asked that there are none.
//! 2. Walk through the admins and the associations, and put each row that is missing, on condition that the roles that it
//!    is made of are still there. A role that is given meanwhile comes with its row, so that the put fails and the user is
//!    read again.
//! 3. Once every read that was under way has ended, say in the organization's item that the index is complete.
//!
//! The build may stop anywhere: the next run goes on, since rows that are there stay.

use std::{collections::BTreeSet, time::Duration};

use claims::Role;
use counted_index::{IndexChanges, KeyRanges, Page};
use domain::{
    ids::{OrganizationId, UserId},
    text::FoldedAddress,
};
use dynamo::{Backoff, Expression, SortKeys, bool_value, from_item, text};
use futures_util::future::try_join_all;
use tokio::time::sleep;

use super::{MemberOrder, SeenMember, earlier::row_of};
use crate::{
    Error, Table,
    associations::AssociationOrder,
    records::{AccountRecord, AdminRecord, AssociationRecord, MembershipRecord, OrganizationRecord},
    scope::{Authority, Committed, keys},
};

/// Longer than any read takes: a call that isn't answered within three seconds is made again.
const LONGEST_READ: Duration = Duration::from_secs(5);
/// Users of one transaction. Each takes two rows, two roles and two buckets at most, of 100 actions.
const USERS_AT_ONCE: usize = 15;
/// Associations that are read at once.
const PAGE: u64 = 1_000;

/// What became of the organizations whose users had no index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexedMembers {
    /// Organizations that have one now.
    pub organizations: usize,
    /// Rows that were put.
    pub rows: usize,
    /// Organizations, each with a user who has no row: the address is by now another user's, who has it.
    pub taken: BTreeSet<(String, String)>,
}

/// A user who may have no row, and what a row would be made of.
struct Unindexed {
    account: AccountRecord,
    memberships: Vec<MembershipRecord>,
    seen: SeenMember,
}

impl Table {
    /// Builds the index of each organization's users that has none, or whose index isn't complete. Reads the whole
    /// table.
    ///
    /// # Errors
    /// The table is out of reach: run it again.
    pub async fn index_members(&self) -> Result<IndexedMembers, Error> {
        let incomplete = Expression::condition("sk = :organization AND attribute_not_exists(members_indexed)")
            .value(":organization", text(keys::ORGANIZATION));
        let found: Vec<(_, OrganizationRecord)> =
            self.of_every_organization_by(&incomplete, Authority::Migration).await?;
        let mut done = IndexedMembers::default();
        for (id, organization) in &found {
            let [one, other] = MemberOrder::BOTH.map(|order| order.index(id));
            // Where they are there already, an earlier run has created them.
            self.write().with_index(&one, ()).with_index(&other, ()).commit(()).await?;
            self.index_members_of(organization, &mut done).await?;
        }
        if found.is_empty() {
            return Ok(done);
        }
        sleep(LONGEST_READ).await;
        let complete = Expression::update("SET members_indexed = :true").value(":true", bool_value(true));
        for (id, _) in &found {
            let organization = keys::organization(id).by(Authority::Migration);
            let marked = self.write().update(organization, &complete, ()).commit(()).await?;
            done.organizations += usize::from(matches!(marked, Committed::Done(_)));
            // An invitation that is open since before the index has no row.
            self.repair_members(id).await?;
        }
        Ok(done)
    }

    async fn index_members_of(
        &self,
        organization: &OrganizationRecord,
        done: &mut IndexedMembers,
    ) -> Result<(), Error> {
        let (id, reads) = (&organization.id, self.reads_by(Authority::Migration));
        let admins = reads.items(keys::organization_partition(id), SortKeys::Prefix(keys::ADMIN_PREFIX)).await?;
        let admins = admins.into_iter().map(|item| Ok(from_item::<AdminRecord>(item)?.user_id));
        self.index_users(organization, admins.collect::<Result<_, Error>>()?, done).await?;

        let by_user = AssociationOrder::UserId.index(id);
        let mut last: Option<String> = None;
        loop {
            let page: Page<AssociationRecord> =
                reads.indexes().page_beyond(&by_user, &KeyRanges::all(), false, last.as_deref(), PAGE).await?;
            last = page.entries.last().map(|association| AssociationOrder::UserId.key(association));
            let users = page.entries.into_iter().map(|association| association.user_id).collect();
            self.index_users(organization, users, done).await?;
            if !page.more {
                return Ok(());
            }
        }
    }

    async fn index_users(
        &self,
        organization: &OrganizationRecord,
        users: Vec<UserId>,
        done: &mut IndexedMembers,
    ) -> Result<(), Error> {
        for some in users.chunks(USERS_AT_ONCE) {
            let mut backoff = Backoff::default();
            while !self.try_to_index(organization, some, done).await? {
                backoff.wait_or_give_up("the users are being changed by others").await?;
            }
        }
        Ok(())
    }

    /// Puts the rows of these users that are missing. Returns whether that was done; otherwise something isn't as it
    /// was read.
    async fn try_to_index(
        &self,
        organization: &OrganizationRecord,
        users: &[UserId],
        done: &mut IndexedMembers,
    ) -> Result<bool, Error> {
        let id = &organization.id;
        let read = try_join_all(users.iter().map(|user| self.unindexed(id, user))).await?;
        let (mut changes, mut write) = (IndexChanges::default(), self.write());
        let mut addresses = BTreeSet::new();
        for Unindexed { account, memberships, seen } in read.into_iter().flatten() {
            let Some(row) = row_of(organization, &account, &memberships) else { continue };
            let another_has_it = seen.row().is_some_and(|other| !other.is_invited());
            if another_has_it || !addresses.insert(row.address().as_str().to_owned()) {
                done.taken.insert((id.to_string(), row.user_id.to_string()));
                continue;
            }
            for membership in &memberships {
                let key = keys::membership(&row.user_id, id, membership.role);
                write = write.check(key, &same_role(membership), ());
            }
            let index = self.indexes_by(Authority::Migration);
            seen.add_change(&mut changes, *index, Some(row)).await?;
        }
        let rows = addresses.len();
        if rows == 0 {
            return Ok(true);
        }
        let write = write.change_indexes_by(changes, || (), Authority::Migration);
        let is_done = matches!(write.commit(()).await?, Committed::Done(_));
        if is_done {
            done.rows += rows;
        }
        Ok(is_done)
    }

    /// Reads what a user's row would be made of, where the user has an account and no row.
    async fn unindexed(&self, id: &OrganizationId, user: &UserId) -> Result<Option<Unindexed>, Error> {
        let Some(account) = self.account(user).await? else { return Ok(None) };
        let (reads, address) = (self.reads_by(Authority::Migration), FoldedAddress::of(&account.email));
        let (memberships, seen) =
            tokio::try_join!(self.memberships_in(user, id), SeenMember::read(reads, id, Some(user), Some(&address)))?;
        Ok(seen.row_of(user).is_none().then_some(Unindexed { account, memberships, seen }))
    }
}

/// Returns the condition that a role is still there as it was read.
pub(super) fn same_role(membership: &MembershipRecord) -> Expression {
    match (membership.role, &membership.customer_number) {
        (Role::Customer, Some(number)) => {
            Expression::condition("customer_number = :number").value(":number", text(number.as_str()))
        }
        _ => Expression::default(),
    }
}
