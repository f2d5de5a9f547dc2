//! Associations in bulk, from the ERP: many rows in one call.

use std::collections::{BTreeSet, HashMap};

use claims::Role;
use domain::{
    ids::UserId,
    text::{CustomerNumber, FoldedAddress},
};
use dynamo::{Expression, text};
use serde::Deserialize;

use super::{AssociationOrder, UserReference};
use crate::{
    AssociationError, Error, OrganizationScope, RowOutcome, Table,
    bulk::{BulkRow, BulkWork, BulkWrite, Changed, CountedChanges, Outline, ReadingRound, Round, write_rows},
    records::{AccountRecord, AssociationRecord, CredentialRecord, MembershipRecord, OrganizationRecord},
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

/// What an import needs of an account.
#[derive(Deserialize)]
struct AccountOfRow {
    user_id: UserId,
    #[serde(default, rename = "proven")]
    email_verified: bool,
    #[serde(default)]
    expires_at: Option<u64>,
}

impl AccountOfRow {
    const ATTRIBUTES: [&str; 2] = ["user_id", "proven"];
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
    /// The places of the rows among all, in order, and what each says.
    rows: Vec<(usize, CustomerNumber)>,
    /// The user's customer as it was first read; nothing before that.
    before: Option<Option<CustomerNumber>>,
    is_settled: bool,
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
                Ok(user_id) => {
                    let user = *place_of.entry(user_id.clone()).or_insert(work.users.len());
                    if user == work.users.len() {
                        work.users.push(UserRows { user_id, rows: Vec::new(), before: None, is_settled: false });
                    }
                    if let Some(user) = work.users.get_mut(user) {
                        user.rows.push((place, row.customer_number));
                    }
                }
                Err(error) => *outcome = RowOutcome::Refused(error),
            }
        }
        let users = work.users.len();
        write_rows(self, &mut work, users).await?;
        for user in &work.users {
            for (place, of_row) in user.outcomes() {
                if let Some(outcome) = outcomes.get_mut(place) {
                    *outcome = of_row;
                }
            }
        }
        Ok(outcomes)
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
    fn user(&self, user: &UserReference, must_be_verified: bool) -> Result<UserId, AssociationError> {
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
        Ok(id.clone())
    }
}

impl UserRows {
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
            let by_user = AssociationOrder::UserId.index(&self.organization.id);
            let orders = AssociationOrder::BOTH.map(|order| order.index(&self.organization.id));
            let ids: Vec<_> =
                places.iter().filter_map(|place| Some(self.users.get(*place)?.user_id.as_str())).collect();
            let (found, outline) = tokio::try_join!(
                reads.entries::<AssociationRecord>(&by_user, ids, &["user_id", "customer_number"]),
                Outline::read(reads, orders.into())
            )?;
            let mut found: HashMap<_, _> = found.into_iter().map(|known| (known.user_id.clone(), known)).collect();
            let mut rows = Vec::new();
            for place in places {
                let Some(user) = self.users.get_mut(*place) else { continue };
                let Some(target) = user.target() else { continue };
                let known = found.remove(&user.user_id);
                user.before.get_or_insert_with(|| known.as_ref().map(|known| known.customer_number.clone()));
                if known.as_ref() == Some(&target) {
                    user.is_settled = true;
                } else {
                    rows.push((*place, UserChange::new(&self.organization, known, target)));
                }
            }
            Ok(Round { outline, rows })
        })
    }

    fn note_written(&mut self, place: usize) {
        if let Some(user) = self.users.get_mut(place) {
            user.is_settled = true;
        }
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
}

impl UserChange {
    fn new(organization: &OrganizationRecord, known: Option<AssociationRecord>, target: AssociationRecord) -> Self {
        Self {
            user_key: AssociationOrder::UserId.key(&target),
            customer_key: AssociationOrder::CustomerNumber.key(&target),
            left_key: known.as_ref().map(|known| AssociationOrder::CustomerNumber.key(known)),
            membership: MembershipRecord::customer(&organization.id, &organization.code, &target.customer_number),
            known,
            target,
        }
    }
}

impl BulkRow for UserChange {
    fn own_actions(&self) -> usize {
        if self.known.is_some() { 4 } else { 3 }
    }

    fn counted_entries(&self) -> Vec<(usize, &str, i64)> {
        let other = match &self.left_key {
            Some(left) => (BY_CUSTOMER, left.as_str(), -1),
            None => (BY_USER, self.user_key.as_str(), 1),
        };
        vec![(BY_CUSTOMER, &self.customer_key, 1), other]
    }

    fn add<'t>(rows: &[&Self], mut write: BulkWrite<'t>, changes: &mut CountedChanges<'_>) -> BulkWrite<'t> {
        for row in rows {
            let Self { known, target, user_key, customer_key, left_key, membership } = row;
            let membership_key = keys::membership(&target.user_id, &membership.organization_id, Role::Customer);
            changes.insert(BY_CUSTOMER, customer_key, target);
            match (known, left_key) {
                (Some(known), Some(left_key)) => {
                    let number = text(target.customer_number.as_str());
                    let moved = Expression::update("SET customer_number = :number").value(":number", number);
                    changes.remove(BY_CUSTOMER, left_key, Expression::default());
                    changes.update(BY_USER, user_key, moved.clone().and(known.unchanged()));
                    write = write.update(membership_key, &moved, Changed);
                }
                _ => {
                    changes.insert(BY_USER, user_key, target);
                    write = write.put_new(membership_key, membership, Changed);
                }
            }
        }
        write
    }
}
