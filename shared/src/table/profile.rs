//! What an account's owner changes of it: the names, the phone number, the password.

use super::{
    Error, Table,
    account::{Account, Credential, changed_meanwhile},
    contest::Contest,
    keys::{self, Key},
    transaction::{Refused, Terms, Transaction, text},
};
use crate::{
    claims::Role,
    ids::{UserId, random_id},
    request::Patch,
    text::{PersonName, PhoneNumber, fold},
};

/// Admin items that a transaction renames.
const RENAMED_AT_ONCE: usize = 90;

/// A change of an account.
#[derive(Clone, Debug)]
pub struct ProfileChange {
    /// Another first name.
    pub first_name: Option<PersonName>,
    /// Another last name.
    pub last_name: Option<PersonName>,
    /// What becomes of the phone number.
    pub phone_number: Patch<PhoneNumber>,
}

impl ProfileChange {
    /// The account as the change leaves it.
    fn apply(self, account: Account) -> Account {
        let name = |name: Option<PersonName>, old| name.map_or(old, |name| name.as_str().to_owned());
        Account {
            first_name: name(self.first_name, account.first_name),
            last_name: name(self.last_name, account.last_name),
            phone_number: self.phone_number.over(account.phone_number),
            ..account
        }
    }
}

/// That a credential changed since it was read.
struct Changed;

impl Table {
    /// Changes an account's names and phone number, also where the names are shown: among an organization's admins.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn change_profile(&self, account: Account, change: ProfileChange) -> Result<Account, Error> {
        let changed = change.apply(account.clone());
        let names = |account: &Account| (account.first_name.clone(), account.last_name.clone());
        let renamed = names(&changed) != names(&account);
        if !renamed && changed.phone_number == account.phone_number {
            return Ok(account);
        }
        let revision = random_id(16);
        let credential = keys::credential(&fold(&account.email));
        let mut of_account = naming(&changed);
        if let Some(number) = &changed.phone_number {
            let expression = format!("{}, phone_number = :phone", of_account.expression());
            of_account = of_account.changing(expression).value(":phone", text(number.as_str()));
        } else {
            let expression = format!("{} REMOVE phone_number", of_account.expression());
            of_account = of_account.changing(expression);
        }
        let mut transaction = Transaction::new(self).update(keys::account(&account.user_id), &of_account, Changed)?;
        if renamed {
            let terms = naming(&changed);
            let expression = format!("{}, revision = :revision", terms.expression());
            let terms = terms.changing(expression).value(":revision", text(&revision));
            transaction = transaction.update(credential.clone(), &terms, Changed)?;
        }
        committed(transaction).await?;
        if renamed {
            self.rename_admin(&account.user_id, credential, &revision).await?;
        }
        Ok(changed)
    }

    /// Shows the credential's names among the admins of each organization, for as long as it is as this revision left it:
    /// whoever changes it later does the same.
    async fn rename_admin(&self, user: &UserId, credential: Key, revision: &str) -> Result<(), Error> {
        let present = Terms::condition("revision = :revision").value(":revision", text(revision));
        let mut contest = Contest::default();
        loop {
            let named = self.get::<Credential>(credential.clone());
            let (named, memberships) = tokio::try_join!(named, self.memberships(user))?;
            let Some(named) = named.filter(|named| named.revision == revision) else { return Ok(()) };
            let terms = Terms::change("SET first_name = :first, last_name = :last")
                .value(":first", text(&named.first_name))
                .value(":last", text(&named.last_name));
            let admin_of: Vec<_> = memberships.iter().filter(|membership| membership.role == Role::Admin).collect();
            let mut lost = false;
            for some in admin_of.chunks(RENAMED_AT_ONCE) {
                let mut transaction = Transaction::new(self).check(credential.clone(), &present, Changed)?;
                for membership in some {
                    transaction =
                        transaction.update(keys::admin(&membership.organization_id, user), &terms, Changed)?;
                }
                match transaction.commit().await {
                    Ok(()) => {}
                    Err(Refused::Failed(error)) => return Err(error),
                    // Changed once more, or demoted meanwhile: the next round sees which.
                    Err(Refused::Conditions(_)) => lost = true,
                }
            }
            if !lost {
                return Ok(());
            }
            contest.lost("an account is being changed by others").await?;
        }
    }

    /// Gives an account another password: one transaction, which ends its user tokens and voids its mailed link.
    ///
    /// # Errors
    /// The table is out of reach, or the credential was changed since it was read.
    pub async fn change_password(&self, credential: &Credential, password_hash: &str) -> Result<(), Error> {
        let session_id = random_id(16);
        let change =
            Terms::change("SET password_hash = :hash, session_id = :session, revision = :revision REMOVE link_id")
                .when("revision = :seen")
                .value(":hash", text(password_hash))
                .value(":session", text(&session_id))
                .value(":revision", text(&random_id(16)))
                .value(":seen", text(&credential.revision));
        let ended = Terms::change("SET session_id = :session").value(":session", text(&session_id));
        let transaction = Transaction::new(self)
            .update(keys::credential(&fold(&credential.email)), &change, Changed)?
            .update(keys::account(&credential.user_id), &ended, Changed)?;
        committed(transaction).await
    }
}

fn naming(account: &Account) -> Terms {
    Terms::change("SET first_name = :first, last_name = :last")
        .value(":first", text(&account.first_name))
        .value(":last", text(&account.last_name))
}

async fn committed(transaction: Transaction<'_, Changed>) -> Result<(), Error> {
    match transaction.commit().await {
        Ok(()) => Ok(()),
        Err(Refused::Failed(error)) => Err(error),
        Err(Refused::Conditions(_)) => Err(changed_meanwhile()),
    }
}
