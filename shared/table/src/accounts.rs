//! Accounts: created by sign-up, and found by address or id.

use domain::{
    clock::now,
    ids::{UserId, random_id},
    language::Language,
    source::Source,
    text::{EmailAddress, PersonName, PhoneNumber},
};
use dynamo::rfc3339;
use serde::{Deserialize, Serialize};

use crate::{
    Error, IdempotencyKey, LinkKind, Replayable, SignUpError, Table,
    links::NewLink,
    records::{AccountRecord, CredentialRecord},
    scope::{Write, WriteScope, keys},
};

/// The life of an account whose address nobody verifies, where addresses must be verified; in seconds.
pub(crate) const UNVERIFIED_SECONDS: u64 = 30 * 24 * 60 * 60;

/// An account to be created.
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
    /// The language of the mails about the account.
    pub language: Language,
    /// The password's argon2id hash, a PHC string. `None` for an invited user.
    pub password_hash: Option<String>,
}

/// An account that was created, as the caller sent it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedAccount {
    /// Its id.
    pub user_id: UserId,
    /// The address.
    pub email: EmailAddress,
    /// The owner's first name.
    pub first_name: PersonName,
    /// The owner's last name.
    pub last_name: PersonName,
}

impl NewAccount {
    /// Returns the description of the account for the answer.
    pub(crate) fn created(&self) -> CreatedAccount {
        CreatedAccount {
            user_id: self.user_id.clone(),
            email: self.email.clone(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
        }
    }

    /// Returns the credential to put, which says when the account ends.
    pub(crate) fn credential(&self, expires_at: Option<u64>) -> CredentialRecord {
        CredentialRecord {
            user_id: self.user_id.clone(),
            email: self.email.as_str().to_owned(),
            first_name: self.first_name.as_str().to_owned(),
            last_name: self.last_name.as_str().to_owned(),
            language: self.language,
            password_hash: self.password_hash.clone(),
            session_id: random_id(16),
            email_verified: false,
            proven_at: None,
            revision: random_id(16),
            password_generation: random_id(16),
            link_id: None,
            expires_at,
        }
    }

    fn account(&self, credential: &CredentialRecord) -> AccountRecord {
        AccountRecord {
            user_id: self.user_id.clone(),
            email: credential.email.clone(),
            first_name: credential.first_name.clone(),
            last_name: credential.last_name.clone(),
            phone_number: self.phone_number.clone(),
            created_at: rfc3339(now()),
            session_id: credential.session_id.clone(),
            email_verified: credential.email_verified,
            expires_at: credential.expires_at,
        }
    }

    /// Adds the account and its `credential` to a transaction, and the link that is mailed to it.
    pub(crate) fn put<'t, S: WriteScope, R>(
        &self,
        write: Write<'t, S, R>,
        credential: &CredentialRecord,
        link: Option<&NewLink>,
        address_taken: R,
        id_taken: impl Fn() -> R,
    ) -> Write<'t, S, R> {
        let credential_key = keys::credential(&self.email.folded());
        let write = write.put_new_or_over_expired(credential_key, credential, address_taken).put_new(
            keys::account(&self.user_id),
            &self.account(credential),
            id_taken(),
        );
        match link {
            Some(link) => link.put(write, credential, id_taken),
            None => write,
        }
    }
}

impl Table {
    /// Creates an account in one transaction. If addresses must be verified, the transaction also mails a link that
    /// verifies this one. A tagged address takes up to two more round trips.
    ///
    /// # Errors
    /// [`SignUpError::AddressTaken`], [`Error::KeyReused`], [`Error::LimitReached`] of the source, or the table is out
    /// of reach.
    pub async fn create_account(
        &self,
        account: &NewAccount,
        source: &Source,
        key: Option<&IdempotencyKey>,
    ) -> Result<Replayable<CreatedAccount>, SignUpError> {
        let created = account.created();
        let mailed = self.requires_verified_email() && self.may_mail_sign_up(&account.email).await?;
        let link = mailed.then(|| NewLink::new(LinkKind::Verification));
        // Otherwise nobody could ever register the address again that somebody else has squatted.
        let expires_at = self.requires_verified_email().then(|| now() + UNVERIFIED_SECONDS);
        let credential = account.credential(expires_at);
        let limit = self.creation_limit(source);
        let write = self.write().idempotent(key, &created).counted(limit, SignUpError::from);
        account
            .put(write, &credential, link.as_ref(), SignUpError::AddressTaken, || Error::id_taken().into())
            .commit_or(created, Err)
            .await
    }

    /// Returns the credential of this address, or `None` if no account has it. One read.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn credential(&self, email: &EmailAddress) -> Result<Option<CredentialRecord>, Error> {
        self.get(keys::credential(&email.folded())).await
    }

    /// Returns the account of this id, or `None` if there is none. One read.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn account(&self, user: &UserId) -> Result<Option<AccountRecord>, Error> {
        self.get(keys::account(user)).await
    }
}
