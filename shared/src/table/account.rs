//! Accounts and the credentials that they sign in with.

use serde::{Deserialize, Serialize};

use super::{Error, Table, item::rfc3339, keys, transaction::Transaction};
use crate::{
    claims::now,
    ids::UserId,
    text::{EmailAddress, PersonName, PhoneNumber},
};

/// What sign-in and promotion need to know of an account, found by its e-mail address.
#[derive(Clone, Serialize, Deserialize)]
pub struct Credential {
    /// The account.
    pub user_id: UserId,
    /// The address as its owner wrote it.
    pub email: String,
    /// The owner's first name.
    pub first_name: String,
    /// The owner's last name.
    pub last_name: String,
    /// The password's argon2id hash, a PHC string.
    pub password_hash: String,
}

/// An account to be made.
pub struct NewAccount {
    /// Its id.
    pub user_id: UserId,
    /// The owner's first name.
    pub first_name: PersonName,
    /// The owner's last name.
    pub last_name: PersonName,
    /// The address, unique in the system without case.
    pub email: EmailAddress,
    /// The owner's phone number.
    pub phone_number: Option<PhoneNumber>,
    /// The password's argon2id hash, a PHC string.
    pub password_hash: String,
}

#[derive(Serialize)]
struct AccountRecord<'a> {
    user_id: &'a UserId,
    email: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number: Option<&'a str>,
    created_at: String,
}

impl NewAccount {
    /// The credential that the account will have.
    #[must_use]
    pub fn credential(&self) -> Credential {
        Credential {
            user_id: self.user_id.clone(),
            email: self.email.as_str().to_owned(),
            first_name: self.first_name.as_str().to_owned(),
            last_name: self.last_name.as_str().to_owned(),
            password_hash: self.password_hash.clone(),
        }
    }

    /// Adds the account and its credential to a transaction.
    pub(super) fn put<'t, R>(
        &self,
        transaction: Transaction<'t, R>,
        address_taken: R,
        id_taken: R,
    ) -> Result<Transaction<'t, R>, Error> {
        let credential = keys::credential(&self.email.folded());
        let account = AccountRecord {
            user_id: &self.user_id,
            email: self.email.as_str(),
            first_name: self.first_name.as_str(),
            last_name: self.last_name.as_str(),
            phone_number: self.phone_number.as_ref().map(PhoneNumber::as_str),
            created_at: rfc3339(now()),
        };
        transaction.put_new(credential, "credential", &self.credential(), address_taken)?.put_new(
            keys::account(&self.user_id),
            "account",
            &account,
            id_taken,
        )
    }
}

impl Table {
    /// Makes an account: one transaction.
    ///
    /// # Errors
    /// [`Error::AddressTaken`], or the table is out of reach.
    pub async fn create_account(&self, account: &NewAccount) -> Result<(), Error> {
        let id_taken = Error::Internal("a random user id was taken".into());
        account.put(Transaction::new(self), Error::AddressTaken, id_taken)?.commit().await.map_err(Error::from)
    }

    /// The credential of this address, where an account has it: one read.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn credential(&self, email: &EmailAddress) -> Result<Option<Credential>, Error> {
        self.get(keys::credential(&email.folded())).await
    }
}
