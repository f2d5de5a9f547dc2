//! Associations in bulk, from the ERP: many rows in one call.

use std::collections::{BTreeSet, HashMap};

use claims::Role;
use domain::{
    ids::UserId,
    text::{CustomerNumber, FoldedAddress},
};
use dynamo::{Expression, text, time_left};
use serde::Deserialize;

use super::{AssociationOrder, UserReference, order::association_of};
use crate::{
    AssociationError, Error, OrganizationScope, RowOutcome, Table,
    bulk::{ANSWER_TIME, BulkRow, BulkWork, BulkWrite, Changed, CountedChanges, ReadingRound, Round, write_rows},
    members::{MemberOrder, RowChange},
    records::{AccountRecord, AssociationRecord, CredentialRecord, MemberRecord, MembershipRecord, OrganizationRecord},
    scope::{PartOf, Reads, keys},
};

/// A user and the customer that the user is to buy for.
#[derive(Clone, Debug)]
pub struct AssociationRow {
    /// The user.
    pub user: UserReference,
    /// The customer's number.
    pub customer_number: CustomerNumber,
}

/// The places of the orders among those that a row is counted in.
const BY_USER: usize = 0;
const BY_CUSTOMER: usize = 1;
const MEMBERS: [usize; 2] = [2, 3];

/// What is read of an entry of either kind.
const ASSOCIATION_ATTRIBUTES: [&str; 2] = ["user_id", "customer_number"];
const MEMBER_ATTRIBUTES: [&str; 9] = [
    "user_id",
    "email",
    "roles",
    "customer_number",
    "invitation_id",
    "first_name",
    "last_name",
    "joined_at",
    "revision",
];

/// What an import needs of an account.
#[derive(Deserialize)]
struct AccountOfRow {
    user_id: UserId,
    email: String,
    #[serde(default, rename = "proven")]
    email_verified: bool,
    #[serde(default)]
    expires_at: Option<u64>,
}

impl AccountOfRow {
    const ATTRIBUTES: [&str; 3] = ["user_id", "email", "proven"];
}

impl PartOf<AccountRecord> for AccountOfRow {}

/// Whose account has an address.
#[derive(Deserialize)]
struct AddressOwner {
    pk: String,
    user_id: UserId,
}

impl AddressOwner {
    const ATTRIBUTES: [&str; 2] = ["pk", "user_id"];
}

impl PartOf<CredentialRecord> for AddressOwner {}

/// Every row of one user. Of several, the last one is what is written.
struct UserRows {
    user_id: UserId,
    /// The address, as the account writes it.
    email: String,
    /// The places of the rows among all, in order, and what each says.
    rows: Vec<(usize, CustomerNumber)>,
    /// The user's customer as it was first read; nothing before that.
    #[expect(clippy::option_option, reason = "not read yet is not the same as read, and none there")]
    before: Option<Option<CustomerNumber>>,
    is_settled: bool,
    /// Whether the user is left to a write of its own.
    is_single: bool,
    is_refused: bool,
}

impl OrganizationScope<'_> {
    /// Associates users with customers, or moves them: two round trips and those of the writes, one more by address.
    /// The outcomes are those of single calls in the order of the rows.
    ///
    /// # Errors
    /// The scope's own, or the table is out of reach and nothing was written.
    pub async fn import_associations(
        &self,
        rows: Vec<AssociationRow>,
    ) -> Result<Vec<RowOutcome<AssociationError>>, Error> {
        let named = NamedUsers::of(&rows);
        let (organization, accounts) = self
            .checked_with_organization(|reads| async move {
                let organization = reads.get(keys::organization(self.id()));
                let (organization, accounts) = tokio::try_join!(organization, self.table().accounts_of(named))?;
                Ok(organization.map(|organization| (organization, accounts)))
            })
            .await?;
        let mut outcomes: Vec<_> = rows.iter().map(|_| RowOutcome::NotAttempted).collect();
        let must_be_verified = self.table().requires_verified_email();
        let mut work = AssociationImport { organization, users: Vec::new() };
        let mut place_of = HashMap::new();
        for (row, (place, outcome)) in rows.into_iter().zip(outcomes.iter_mut().enumerate()) {
            match accounts.user(&row.user, must_be_verified) {
                Ok(account) => {
                    let user = *place_of.entry(account.user_id.clone()).or_insert(work.users.len());
                    if user == work.users.len() {
                        work.users.push(UserRows::new(account));
                    }
                    if let Some(user) = work.users.get_mut(user) {
                        user.rows.push((place, row.customer_number));
                    }
                }
                Err(error) => *outcome = RowOutcome::Refused(error),
            }
        }
        let users = work.users.len();
        // Only while the index of the organization's users is complete, a missing row says that there is no role.
        if work.organization.members_indexed {
            write_rows(self, &mut work, users).await?;
        } else {
            self.check().await?;
            work.users.iter_mut().for_each(|user| user.is_single = true);
        }
        for user in work.users.iter_mut().filter(|user| user.is_single) {
            if time_left().is_some_and(|left| left < 2 * ANSWER_TIME) {
                break;
            }
            self.associate_alone(user).await?;
        }
        for user in &work.users {
            for (place, of_row) in user.outcomes() {
                if let Some(outcome) = outcomes.get_mut(place) {
                    *outcome = of_row;
                }
            }
        }
        Ok(outcomes)
    }

    /// Writes the rows of a user in a write of its own.
    async fn associate_alone(&self, user: &mut UserRows) -> Result<(), Error> {
        let Some(target) = user.target() else { return Ok(()) };
        let id = self.id();
        let known = self.checked(|reads| association_of(reads, id, &target.user_id)).await?;
        user.before.get_or_insert_with(|| known.as_ref().map(|known| known.customer_number.clone()));
        let reference = UserReference::Id(target.user_id.clone());
        match self.associate(reference, target.customer_number, None).await {
            Ok(_) => user.is_settled = true,
            // The rows are told as not done, and are sent again.
            Err(AssociationError::Table(Error::Unavailable(_))) => {}
            Err(AssociationError::Table(error)) => return Err(error),
            // The account was there a moment ago, and its address is by now another member's.
            Err(_) => user.is_refused = true,
        }
        Ok(())
    }
}

/// The users that rows name.
#[derive(Default)]
struct NamedUsers {
    ids: BTreeSet<UserId>,
    addresses: HashMap<String, FoldedAddress>,
}

impl NamedUsers {
    fn of(rows: &[AssociationRow]) -> Self {
        let mut named = Self::default();
        for row in rows {
            match &row.user {
                UserReference::Id(id) => drop(named.ids.insert(id.clone())),
                UserReference::Address(address) => {
                    let folded = address.folded();
                    named.addresses.insert(folded.as_str().to_owned(), folded);
                }
            }
        }
        named
    }
}

/// The accounts of the users that rows name.
struct NamedAccounts {
    owners: Vec<AddressOwner>,
    accounts: HashMap<UserId, AccountOfRow>,
}

impl Table {
    /// Reads the accounts of these users: one round trip, two where some are named by address.
    async fn accounts_of(&self, named: NamedUsers) -> Result<NamedAccounts, Error> {
        let NamedUsers { ids, addresses } = named;
        let credentials = addresses.values().map(keys::credential).collect::<Vec<_>>();
        let (mut owners, mut accounts) = tokio::try_join!(
            self.batch_get::<AddressOwner, _>(credentials, &AddressOwner::ATTRIBUTES),
            self.accounts_by_id(&ids)
        )?;
        owners.sort_by(|one, other| one.pk.cmp(&other.pk));
        let by_address = owners.iter().map(|owner| owner.user_id.clone()).filter(|id| !ids.contains(id)).collect();
        accounts.extend(self.accounts_by_id(&by_address).await?);
        let accounts = accounts.into_iter().map(|account| (account.user_id.clone(), account)).collect();
        Ok(NamedAccounts { owners, accounts })
    }

    async fn accounts_by_id(&self, users: &BTreeSet<UserId>) -> Result<Vec<AccountOfRow>, Error> {
        let keys: Vec<_> = users.iter().map(keys::account).collect();
        self.batch_get(keys, &AccountOfRow::ATTRIBUTES).await
    }
}

impl NamedAccounts {
    /// Returns the user that a row names, if the user may be associated.
    fn user(&self, user: &UserReference, must_be_verified: bool) -> Result<&AccountOfRow, AssociationError> {
        let id = match user {
            UserReference::Id(id) => id,
            UserReference::Address(address) => {
                let folded = address.folded();
                let of_owner = |owner: &AddressOwner| keys::address_of(&owner.pk).cmp(&Some(folded.as_str()));
                let place = self.owners.binary_search_by(of_owner).map_err(|_| AssociationError::NoAccount)?;
                &self.owners.get(place).ok_or(AssociationError::NoAccount)?.user_id
            }
        };
        let account = self.accounts.get(id).ok_or(AssociationError::NoUser)?;
        // An account that has an end can't be associated: the association would outlive it.
        if (must_be_verified || account.expires_at.is_some()) && !account.email_verified {
            return Err(AssociationError::EmailNotVerified);
        }
        Ok(account)
    }
}

impl UserRows {
    fn new(account: &AccountOfRow) -> Self {
        let (user_id, email) = (account.user_id.clone(), account.email.clone());
        Self { user_id, email, rows: Vec::new(), before: None, is_settled: false, is_single: false, is_refused: false }
    }

    /// What is to be stored, by the last of the user's rows.
    fn target(&self) -> Option<AssociationRecord> {
        let (_, customer_number) = self.rows.last()?;
        Some(AssociationRecord { user_id: self.user_id.clone(), customer_number: customer_number.clone() })
    }

    /// What came of each row, as if they had been written one after the other.
    fn outcomes(&self) -> impl Iterator<Item = (usize, RowOutcome<AssociationError>)> {
        let mut known = self.before.as_ref().and_then(Option::as_ref);
        self.rows.iter().map(move |(place, number)| {
            let is_known = known.replace(number) == Some(number);
            let outcome = match is_known {
                _ if self.is_refused => RowOutcome::Refused(AssociationError::NoUser),
                _ if !self.is_settled => RowOutcome::NotAttempted,
                true => RowOutcome::Unchanged,
                false => RowOutcome::Written,
            };
            (*place, outcome)
        })
    }
}

/// The rows of an import, by user.
struct AssociationImport {
    organization: OrganizationRecord,
    users: Vec<UserRows>,
}

impl BulkWork for AssociationImport {
    type Row = UserChange;

    fn read<'a>(&'a mut self, reads: Reads<'a>, places: &'a [usize]) -> ReadingRound<'a, UserChange> {
        Box::pin(async move {
            let id = &self.organization.id;
            let [by_user, by_customer] = AssociationOrder::BOTH.map(|order| order.index(id));
            let [by_email, by_member] = MemberOrder::BOTH.map(|order| order.index(id));
            let users: Vec<_> = places.iter().filter_map(|place| self.users.get(*place)).collect();
            let addresses: Vec<_> = users.iter().map(|user| FoldedAddress::of(&user.email)).collect();
            let addresses: BTreeSet<_> = addresses.iter().map(FoldedAddress::as_str).collect();
            let ids = || users.iter().map(|user| user.user_id.as_str());
            let orders = vec![by_user.clone(), by_customer, by_email.clone(), by_member.clone()];
            let (found, of_users, of_addresses) = tokio::try_join!(
                reads.entries::<AssociationRecord>(&by_user, ids(), &ASSOCIATION_ATTRIBUTES),
                reads.entries::<MemberRecord>(&by_member, ids(), &MEMBER_ATTRIBUTES),
                reads.entries::<MemberRecord>(&by_email, addresses, &MEMBER_ATTRIBUTES)
            )?;
            let mut members = SeenMembers::new(of_users, of_addresses);
            let mut found: HashMap<_, _> = found.into_iter().map(|known| (known.user_id.clone(), known)).collect();
            let mut rows = Vec::new();
            for place in places {
                let Some(user) = self.users.get_mut(*place) else { continue };
                let Some(target) = user.target() else { continue };
                let known = found.remove(&user.user_id);
                user.before.get_or_insert_with(|| known.as_ref().map(|known| known.customer_number.clone()));
                if known.as_ref() == Some(&target) {
                    user.is_settled = true;
                    continue;
                }
                match members.take(user) {
                    Some((before, after)) => {
                        rows.push((*place, UserChange::new(&self.organization, known, target, before, after)));
                    }
                    None => user.is_single = true,
                }
            }
            Ok(Round { orders, rows })
        })
    }

    fn note_written(&mut self, place: usize) {
        if let Some(user) = self.users.get_mut(place) {
            user.is_settled = true;
        }
    }
}

/// The rows of the index of users, as far as an import's users may have them.
struct SeenMembers {
    of_users: HashMap<UserId, MemberRecord>,
    of_addresses: HashMap<String, MemberRecord>,
    taken: BTreeSet<String>,
}

impl SeenMembers {
    fn new(of_users: Vec<MemberRecord>, of_addresses: Vec<MemberRecord>) -> Self {
        Self {
            of_users: of_users.into_iter().map(|row| (row.user_id.clone(), row)).collect(),
            of_addresses: of_addresses.into_iter().map(|row| (row.address().as_str().to_owned(), row)).collect(),
            taken: BTreeSet::new(),
        }
    }

    /// Returns the row that a user's takes the place of, and the user's own before the change. `None` where the address
    /// is another member's, or another user's of this import: that has to be looked into.
    fn take(&mut self, user: &UserRows) -> Option<(Option<MemberRecord>, MemberRecord)> {
        let address = FoldedAddress::of(&user.email);
        let row = self.of_users.remove(&user.user_id).or_else(|| self.of_addresses.remove(address.as_str()));
        let address = row.as_ref().map_or(address, MemberRecord::address);
        let is_free = row.as_ref().is_none_or(|row| row.user_id == user.user_id || row.is_invited());
        if !is_free || !self.taken.insert(address.as_str().to_owned()) {
            return None;
        }
        let own = row.clone().filter(|row| row.user_id == user.user_id && !row.is_invited());
        Some((row, own.unwrap_or_else(|| MemberRecord::joining(&user.user_id, &user.email))))
    }
}

/// A change of one user's customer.
struct UserChange {
    known: Option<AssociationRecord>,
    target: AssociationRecord,
    user_key: String,
    customer_key: String,
    /// The key of the entry that is left.
    left_key: Option<String>,
    membership: MembershipRecord,
    /// The row of the index of users, before and after.
    member: (Option<MemberRecord>, MemberRecord),
    /// The keys that come and go with it, each with the place of its order.
    member_keys: Vec<(usize, String, i64)>,
}

impl UserChange {
    fn new(
        organization: &OrganizationRecord,
        known: Option<AssociationRecord>,
        target: AssociationRecord,
        before: Option<MemberRecord>,
        own: MemberRecord,
    ) -> Self {
        let after = own.with_customer(&target.customer_number);
        let change = RowChange::new(before.as_ref(), Some(after.clone()));
        let member_keys = MEMBERS.into_iter().zip(MemberOrder::BOTH).flat_map(|(place, order)| {
            let keys = change.keys(order);
            let left = keys.left.map(|key| (place, key, -1));
            left.into_iter().chain(keys.entered.map(|key| (place, key, 1)))
        });
        Self {
            user_key: AssociationOrder::UserId.key(&target),
            customer_key: AssociationOrder::CustomerNumber.key(&target),
            left_key: known.as_ref().map(|known| AssociationOrder::CustomerNumber.key(known)),
            membership: MembershipRecord::customer(&organization.id, &organization.code, &target.customer_number),
            member_keys: member_keys.collect(),
            member: (before, after),
            known,
            target,
        }
    }
}

impl BulkRow for UserChange {
    fn own_actions(&self) -> usize {
        // Each order of the index of users has one item that is replaced, or those that come and go.
        let of_member =
            MEMBERS.map(|order| self.member_keys.iter().filter(|(place, ..)| *place == order).count().max(1));
        let of_association = if self.known.is_some() { 4 } else { 3 };
        of_association + of_member.iter().sum::<usize>()
    }

    fn counted_entries(&self) -> Vec<(usize, &str, i64)> {
        let other = match &self.left_key {
            Some(left) => (BY_CUSTOMER, left.as_str(), -1),
            None => (BY_USER, self.user_key.as_str(), 1),
        };
        let of_member = self.member_keys.iter().map(|(place, key, change)| (*place, key.as_str(), *change));
        [(BY_CUSTOMER, self.customer_key.as_str(), 1), other].into_iter().chain(of_member).collect()
    }

    fn add<'t>(rows: &[&Self], mut write: BulkWrite<'t>, changes: &mut CountedChanges<'_>) -> BulkWrite<'t> {
        for row in rows {
            let Self { known, target, user_key, customer_key, left_key, membership, member, .. } = row;
            let membership_key = keys::membership(&target.user_id, &membership.organization_id, Role::Customer);
            let (before, after) = member;
            changes.change_member(MEMBERS, &RowChange::new(before.as_ref(), Some(after.clone())));
            changes.insert(BY_CUSTOMER, customer_key, target);
            if let (Some(known), Some(left_key)) = (known, left_key) {
                let number = text(target.customer_number.as_str());
                let moved = Expression::update("SET customer_number = :number").value(":number", number);
                changes.remove(BY_CUSTOMER, left_key, Expression::default());
                changes.update(BY_USER, user_key, moved.clone().and(known.unchanged()));
                write = write.update(membership_key, &moved, Changed);
            } else {
                changes.insert(BY_USER, user_key, target);
                write = write.put_new(membership_key, membership, Changed);
            }
        }
        write
    }
}
