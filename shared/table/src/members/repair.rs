//! Mends rows that say something else than the roles and the open invitations do. Only an operator's command needs
//! this: the API changes both in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use claims::Role;
use domain::{
    ids::{InvitationId, OrganizationId, UserId},
    text::FoldedAddress,
};
use dynamo::{Backoff, Expression, SortKeys, from_item};

use super::{MemberOrder, SeenMember, build::same_role, earlier::row_of, list::MAX_ACCOUNTS_AT_ONCE};
use crate::{
    AssociationOrder, Error, Table,
    invitations::row_of_invitation,
    records::{AccountAddress, AdminRecord, AssociationRecord, InvitationRecord, MemberRecord, OrganizationRecord},
    scope::{Authority, Committed, keys},
};

/// People whose row has to be mended, each with the invitation that is open and whose row it is to be.
type Mismatched = BTreeMap<UserId, Option<InvitationId>>;

impl Table {
    /// Returns the people whose row isn't what their roles or their open invitation make it. A write that commits
    /// meanwhile can look like one.
    pub(crate) async fn mismatched_members(&self, id: &OrganizationId) -> Result<Mismatched, Error> {
        let reads = self.reads_by(Authority::Operator);
        let rows: Vec<MemberRecord> = self.all_entries(&MemberOrder::UserId.index(id)).await?;
        let addresses: BTreeSet<_> =
            rows.iter().filter(|row| !row.is_invited()).map(|row| row.address().as_str().to_owned()).collect();

        let mut expected: BTreeMap<UserId, MemberRecord> = BTreeMap::new();
        let mut expect = |user: &UserId, role: &dyn Fn(MemberRecord) -> MemberRecord| {
            let row = expected.remove(user).unwrap_or_else(|| MemberRecord::joining(user, ""));
            expected.insert(user.clone(), role(row));
        };
        let prefix = SortKeys::Prefix(keys::ADMIN_PREFIX);
        for item in reads.items(keys::organization_partition(id), prefix).await? {
            expect(&from_item::<AdminRecord>(item)?.user_id, &MemberRecord::with_admin);
        }
        let associations: Vec<AssociationRecord> = self.all_entries(&AssociationOrder::UserId.index(id)).await?;
        for AssociationRecord { user_id, customer_number } in &associations {
            expect(user_id, &|row| row.with_customer(customer_number));
        }
        for invitation in self.open_invitations(id).await? {
            // The row of whoever has become a member otherwise is the member's own.
            if !addresses.contains(invitation.email.folded().as_str()) {
                let row = row_of_invitation(&invitation);
                expected.entry(invitation.user_id).or_insert(row);
            }
        }

        let rows: BTreeMap<_, _> = rows.into_iter().map(|row| (row.user_id.clone(), row)).collect();
        let people: BTreeSet<_> = rows.keys().chain(expected.keys()).collect();
        let otherwise: Vec<_> =
            people.into_iter().filter(|person| !same_roles(rows.get(person), expected.get(person))).collect();
        // Made-up associations are of users without an account, who have no row.
        let (mut known, mut without_row) = (Mismatched::new(), Vec::new());
        for person in otherwise {
            let invitation = expected.get(person).and_then(|row| row.invitation_id.clone());
            if invitation.is_some() || rows.contains_key(person) {
                known.insert(person.clone(), invitation);
            } else {
                without_row.push(person);
            }
        }
        for some in without_row.chunks(MAX_ACCOUNTS_AT_ONCE) {
            let accounts = some.iter().map(|user| keys::account(user));
            let accounts: Vec<AccountAddress> = self.batch_get(accounts, &AccountAddress::ATTRIBUTES).await?;
            // Of two accounts from before addresses were compared as they are now, the other one may have the row.
            let accounts =
                accounts.into_iter().filter(|account| !addresses.contains(FoldedAddress::of(&account.email).as_str()));
            known.extend(accounts.map(|account| (account.user_id, None)));
        }
        Ok(known)
    }

    async fn open_invitations(&self, id: &OrganizationId) -> Result<Vec<InvitationRecord>, Error> {
        let prefix = SortKeys::Prefix(keys::INVITATION_PREFIX);
        let mut found: Vec<InvitationRecord> =
            self.reads_by(Authority::Operator).query(keys::invitations(id), prefix).await?;
        found.retain(InvitationRecord::is_open);
        Ok(found)
    }

    /// Makes each row what the roles or the open invitation make it, and returns the number of rows that had to be
    /// changed. An organization whose index of users isn't complete is left as it is.
    pub(crate) async fn repair_members(&self, id: &OrganizationId) -> Result<u64, Error> {
        let organization: Option<OrganizationRecord> = self.get(keys::organization(id).by(Authority::Operator)).await?;
        let Some(organization) = organization.filter(|organization| organization.members_indexed) else { return Ok(0) };
        let mut mended = 0;
        for (user, invitation) in self.mismatched_members(id).await? {
            let mut backoff = Backoff::default();
            loop {
                if let Some(changed) = self.try_to_repair(&organization, &user, invitation.as_ref()).await? {
                    mended += u64::from(changed);
                    break;
                }
                backoff.wait_or_give_up("the members are being changed by others").await?;
            }
        }
        Ok(mended)
    }

    /// Returns whether the row had to be changed, or `None` if something isn't as it was read.
    async fn try_to_repair(
        &self,
        organization: &OrganizationRecord,
        user: &UserId,
        invitation: Option<&InvitationId>,
    ) -> Result<Option<bool>, Error> {
        let (id, reads) = (&organization.id, self.reads_by(Authority::Operator));
        let invitation = async {
            let Some(invitation) = invitation else { return Ok(None) };
            let found: Option<InvitationRecord> = reads.get(keys::invitation(id, invitation)).await?;
            Ok(found.filter(InvitationRecord::is_open))
        };
        let (account, memberships, invitation) =
            tokio::try_join!(self.account(user), self.memberships_in(user, id), invitation)?;
        let member = account.as_ref().and_then(|account| row_of(organization, account, &memberships));
        let row = member.or_else(|| invitation.as_ref().map(row_of_invitation));
        let address = row.as_ref().map(MemberRecord::address);
        let seen = SeenMember::read(reads, id, Some(user), address.as_ref()).await?;

        let known = seen.row().filter(|known| known.user_id == *user);
        let another_has_it = known.is_none() && seen.row().is_some_and(|other| !other.is_invited());
        if another_has_it || same_roles(known, row.as_ref()) {
            return Ok(Some(false));
        }
        // A change of address may be under way, which moves the row by itself.
        let row = match (known, row) {
            (Some(known), Some(row)) if !known.is_invited() => {
                Some(MemberRecord { email: known.email.clone(), joined_at: known.joined_at, ..row })
            }
            (_, row) => row,
        };
        let changes = seen.change(*self.indexes_by(Authority::Operator), row).await?;
        let mut write = self.write();
        for role in [Role::Admin, Role::Customer] {
            let key = keys::membership(user, id, role);
            write = match memberships.iter().find(|membership| membership.role == role) {
                Some(membership) => write.check(key, &same_role(membership), ()),
                None => write.check_any(key, &Expression::condition("attribute_not_exists(pk)"), ()),
            };
        }
        if let Some(invitation) = &invitation {
            let key = keys::invitation(id, &invitation.id).by(Authority::Operator);
            write = write.check(key, &invitation.unchanged(), ());
        }
        let committed = write.change_indexes_by(changes, || (), Authority::Operator).commit(()).await?;
        Ok(matches!(committed, Committed::Done(_)).then_some(true))
    }
}

fn same_roles(one: Option<&MemberRecord>, other: Option<&MemberRecord>) -> bool {
    let said = |row: &MemberRecord| (row.roles.clone(), row.customer_number.clone(), row.invitation_id.clone());
    one.map(said) == other.map(said)
}
