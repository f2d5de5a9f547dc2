//! Changes of an account by its owner: the names, the phone number, the password.

use claims::Role;
use domain::{
    conditional::Preconditions,
    ids::{UserId, random_id},
    mail::MailKind,
    patch::Patch,
    text::{FoldedAddress, PersonName, PhoneNumber},
};
use dynamo::{Backoff, Expression, text};

use crate::{
    Error, ProfileError, Table,
    records::{AccountRecord, CredentialRecord, MailRecord},
    scope::{Authority, Committed, Key, keys, session_goes_on},
};

/// Admin items that one transaction renames. It has room for 100 actions.
const RENAMES_PER_TRANSACTION: usize = 90;

/// What isn't as a change of an account needs it.
enum Changed {
    Account,
    Credential,
}

/// A change of an account.
#[derive(Clone, Debug)]
pub struct ProfileChange {
    /// The new first name.
    pub first_name: Option<PersonName>,
    /// The new last name.
    pub last_name: Option<PersonName>,
    /// The change of the phone number.
    pub phone_number: Patch<PhoneNumber>,
}

impl ProfileChange {
    /// The account after the change.
    fn apply(self, account: AccountRecord) -> AccountRecord {
        let name = |name: Option<PersonName>, old| name.map_or(old, |name| name.as_str().to_owned());
        AccountRecord {
            first_name: name(self.first_name, account.first_name),
            last_name: name(self.last_name, account.last_name),
            phone_number: self.phone_number.over(account.phone_number),
            ..account
        }
    }

    /// Returns the update of the account. It sets only the fields that were sent, so that concurrent changes of other
    /// fields stay.
    fn account_update(&self) -> Expression {
        let (mut set, mut update) = self.names();
        let mut remove = "";
        match &self.phone_number {
            Patch::Keep => {}
            Patch::Remove => remove = " REMOVE phone_number",
            Patch::Set(number) => {
                set.push("phone_number = :phone");
                update = update.value(":phone", text(number.as_str()));
            }
        }
        let set = if set.is_empty() { String::new() } else { format!("SET {}", set.join(", ")) };
        update.set_update(format!("{set}{remove}"))
    }

    fn credential_update(&self, revision: &str) -> Expression {
        let (mut set, update) = self.names();
        set.push("revision = :revision");
        update.set_update(format!("SET {}", set.join(", "))).value(":revision", text(revision))
    }

    fn names(&self) -> (Vec<&'static str>, Expression) {
        let (mut set, mut update) = (Vec::new(), Expression::default());
        for (name, assignment, placeholder) in
            [(&self.first_name, "first_name = :first", ":first"), (&self.last_name, "last_name = :last", ":last")]
        {
            if let Some(name) = name {
                set.push(assignment);
                update = update.value(placeholder, text(name.as_str()));
            }
        }
        (set, update)
    }
}

impl Table {
    /// Changes an account's names and phone number, also where the names are shown: among an organization's admins. The
    /// preconditions hold of the account as it was read; where it changes before the commit, it is read again.
    ///
    /// # Errors
    /// [`ProfileError::Precondition`], or [`Error::SessionEnded`] where the account was read again; or the table is out
    /// of reach.
    pub async fn change_profile(
        &self,
        mut account: AccountRecord,
        change: ProfileChange,
        preconditions: &Preconditions,
    ) -> Result<AccountRecord, ProfileError> {
        let renames = change.first_name.is_some() || change.last_name.is_some();
        let (revision, mut backoff) = (random_id(16), Backoff::default());
        loop {
            preconditions.check(Some(&account.tag()))?;
            if !renames && change.phone_number == Patch::Keep {
                return Ok(account);
            }
            if self.write_profile(&account, &change, &revision, preconditions.are_sent()).await? {
                break;
            }
            backoff.wait_or_give_up("an account is being changed by others").await.map_err(Error::from)?;
            let again = self.account(&account.user_id).await?;
            account = again.filter(|again| again.session_id == account.session_id).ok_or(Error::SessionEnded)?;
        }
        if renames {
            // Even if the names did not change: an earlier call may have stopped before this step.
            let credential_key = keys::credential(&FoldedAddress::of(&account.email));
            self.rename_admin(&account.user_id, credential_key, &revision).await?;
        }
        Ok(change.apply(account))
    }

    /// Writes the change to the account and its credential. `false` where the account has to be as it was read, and
    /// isn't.
    async fn write_profile(
        &self,
        account: &AccountRecord,
        change: &ProfileChange,
        revision: &str,
        as_read: bool,
    ) -> Result<bool, Error> {
        let update = change.account_update();
        let update = if as_read { update.and(account.unchanged()) } else { update };
        let mut write = self.write().update(keys::account(&account.user_id), &update, Changed::Account);
        if change.first_name.is_some() || change.last_name.is_some() {
            let update = change.credential_update(revision).and(CredentialRecord::belongs_to(&account.user_id));
            write = write.update(keys::credential(&FoldedAddress::of(&account.email)), &update, Changed::Credential);
        }
        match write.commit(()).await? {
            Committed::Done(_) => Ok(true),
            Committed::Refused(refusals) => match refusals.first() {
                Some((Changed::Account, _)) if as_read => Ok(false),
                _ => Err(Error::account_changed()),
            },
        }
    }

    /// Copies the credential's names to the user's admin items in each organization, while the credential's revision is
    /// this one. A later change of the names does the same.
    async fn rename_admin(
        &self,
        user: &UserId,
        credential_key: Key<CredentialRecord>,
        revision: &str,
    ) -> Result<(), Error> {
        let unchanged = Expression::condition("revision = :revision").value(":revision", text(revision));
        let mut backoff = Backoff::default();
        loop {
            let (credential, memberships) =
                tokio::try_join!(self.get(credential_key.clone()), self.all_memberships(user))?;
            let Some(credential) = credential.filter(|credential| credential.revision == revision) else {
                return Ok(());
            };
            let names = Expression::update("SET first_name = :first, last_name = :last")
                .value(":first", text(&credential.first_name))
                .value(":last", text(&credential.last_name));
            let admin_of: Vec<_> = memberships.iter().filter(|membership| membership.role == Role::Admin).collect();
            let mut conflict = false;
            for some in admin_of.chunks(RENAMES_PER_TRANSACTION) {
                let mut write = self.write().check(credential_key.clone(), &unchanged, ());
                for membership in some {
                    let key = keys::admin(&membership.organization_id, user).by(Authority::AccountOwner);
                    write = write.update(key, &names, ());
                }
                // A refusal means that the user was renamed again or demoted. The next round reads which.
                conflict |= matches!(write.commit(()).await?, Committed::Refused(_));
            }
            if !conflict {
                return Ok(());
            }
            backoff.wait_or_give_up("an account is being changed by others").await?;
        }
    }

    /// Starts another session, in one transaction: every token of the account from before ends.
    ///
    /// # Errors
    /// [`Error::SessionEnded`]: another session was started since the account was read. Or the table is out of reach.
    pub async fn sign_out(&self, account: &AccountRecord) -> Result<(), Error> {
        let session_id = random_id(16);
        let ended = Expression::update("SET session_id = :session").value(":session", text(&session_id));
        let ended = ended.and(session_goes_on(&account.session_id));
        let changed = Expression::update("SET session_id = :session, revision = :revision")
            .value(":session", text(&session_id))
            .value(":revision", text(&random_id(16)))
            .and(CredentialRecord::belongs_to(&account.user_id));
        self.write()
            .update(keys::account(&account.user_id), &ended, Error::SessionEnded)
            .update(keys::credential(&FoldedAddress::of(&account.email)), &changed, Error::account_changed())
            .commit_or((), Err)
            .await?;
        Ok(())
    }

    /// Sets a new password, in one transaction that also ends the account's tokens and its mailed links, and
    /// tells the owner by mail.
    ///
    /// # Errors
    /// The table is out of reach, or the credential was changed since it was read.
    pub async fn change_password(&self, credential: &CredentialRecord, password_hash: &str) -> Result<(), Error> {
        let session_id = random_id(16);
        let change = Expression::update(
            "SET password_hash = :hash, session_id = :session, revision = :revision, \
             password_generation = :new_generation REMOVE link_id",
        )
        .value(":hash", text(password_hash))
        .value(":session", text(&session_id))
        .value(":revision", text(&random_id(16)))
        .value(":new_generation", text(&random_id(16)))
        .and(credential.unchanged());
        let ended = Expression::update("SET session_id = :session").value(":session", text(&session_id));
        let write = self
            .write()
            .update(keys::credential(&FoldedAddress::of(&credential.email)), &change, Error::account_changed())
            .update(keys::account(&credential.user_id), &ended, Error::account_changed());
        MailRecord::new(MailKind::PasswordChanged, credential).put(write, Error::id_taken).commit_or((), Err).await?;
        Ok(())
    }
}
