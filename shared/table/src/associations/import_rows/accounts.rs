//! The accounts of the users that rows name, by id or by address.

use std::collections::{BTreeSet, HashMap};

use domain::{ids::UserId, text::FoldedAddress};
use serde::Deserialize;

use super::AssociationRow;
use crate::{
    AssociationError, Error, Table, UserReference,
    records::{AccountRecord, CredentialRecord},
    scope::{PartOf, keys},
};

/// What an import needs of an account.
#[derive(Deserialize)]
pub(super) struct AccountOfRow {
    pub(super) user_id: UserId,
    pub(super) email: String,
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

/// The users that rows name.
#[derive(Default)]
pub(super) struct NamedUsers {
    ids: BTreeSet<UserId>,
    addresses: HashMap<String, FoldedAddress>,
}

impl NamedUsers {
    pub(super) fn of(rows: &[AssociationRow]) -> Self {
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
pub(super) struct NamedAccounts {
    owners: Vec<AddressOwner>,
    accounts: HashMap<UserId, AccountOfRow>,
}

impl Table {
    /// Reads the accounts of these users: one round trip, two where some are named by address.
    pub(super) async fn accounts_of(&self, named: NamedUsers) -> Result<NamedAccounts, Error> {
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
    pub(super) fn user(&self, user: &UserReference, must_be_verified: bool) -> Result<&AccountOfRow, AssociationError> {
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
