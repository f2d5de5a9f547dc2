//! What an account's owner changes of it: the names, the phone number, the password.

use claims::Role;
use domain::{
    ids::{UserId, random_id},
    patch::Patch,
    text::{PersonName, PhoneNumber, fold},
};
use dynamo::{Backoff, Expression, Key, Refused, Transaction, text};

use crate::{
    Error, Table,
    account::{Account, Credential, changed_meanwhile},
    keys,
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

impl ProfileChange {
    /// Sets what was sent and nothing else: changes of other fields at the same time stay.
    fn of_account(&self) -> Expression {
        let (mut set, mut expression) = self.names();
        let mut remove = "";
        match &self.phone_number {
            Patch::Keep => {}
            Patch::Remove => remove = " REMOVE phone_number",
            Patch::Set(number) => {
                set.push("phone_number = :phone");
                expression = expression.value(":phone", text(number.as_str()));
            }
        }
        let set = if set.is_empty() { String::new() } else { format!("SET {}", set.join(", ")) };
        expression.set_update(format!("{set}{remove}"))
    }

    fn of_credential(&self, revision: &str) -> Expression {
        let (mut set, expression) = self.names();
        set.push("revision = :revision");
        expression.set_update(format!("SET {}", set.join(", "))).value(":revision", text(revision))
    }

    fn names(&self) -> (Vec<&'static str>, Expression) {
        let (mut set, mut expression) = (Vec::new(), Expression::default());
        for (name, assignment, placeholder) in
            [(&self.first_name, "first_name = :first", ":first"), (&self.last_name, "last_name = :last", ":last")]
        {
            if let Some(name) = name {
                set.push(assignment);
                expression = expression.value(placeholder, text(name.as_str()));
            }
        }
        (set, expression)
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
        let renames = change.first_name.is_some() || change.last_name.is_some();
        if !renames && change.phone_number == Patch::Keep {
            return Ok(account);
        }
        let revision = random_id(16);
        let credential = keys::credential(&fold(&account.email));
        let of_account = change.of_account();
        let mut transaction =
            Transaction::new(&self.engine).update(keys::account(&account.user_id), &of_account, Changed)?;
        if renames {
            let of_credential = change.of_credential(&revision);
            transaction = transaction.update(credential.clone(), &of_credential, Changed)?;
        }
        committed(transaction).await?;
        if renames {
            // Also where the names are as they were: an earlier change may have stopped here.
            self.rename_admin(&account.user_id, credential, &revision).await?;
        }
        Ok(change.apply(account))
    }

    /// Shows the credential's names among the admins of each organization, for as long as it is as this revision left it:
    /// whoever changes it later does the same.
    async fn rename_admin(&self, user: &UserId, credential: Key, revision: &str) -> Result<(), Error> {
        let present = Expression::condition("revision = :revision").value(":revision", text(revision));
        let mut backoff = Backoff::default();
        loop {
            let named = self.get::<Credential>(credential.clone());
            let (named, memberships) = tokio::try_join!(named, self.memberships(user))?;
            let Some(named) = named.filter(|named| named.revision == revision) else { return Ok(()) };
            let expression = Expression::update("SET first_name = :first, last_name = :last")
                .value(":first", text(&named.first_name))
                .value(":last", text(&named.last_name));
            let admin_of: Vec<_> = memberships.iter().filter(|membership| membership.role == Role::Admin).collect();
            let mut lost = false;
            for some in admin_of.chunks(RENAMED_AT_ONCE) {
                let mut transaction = Transaction::new(&self.engine).check(credential.clone(), &present, Changed)?;
                for membership in some {
                    transaction =
                        transaction.update(keys::admin(&membership.organization_id, user), &expression, Changed)?;
                }
                match transaction.commit().await {
                    Ok(()) => {}
                    Err(Refused::Failed(error)) => return Err(error.into()),
                    // Changed once more, or demoted meanwhile: the next round sees which.
                    Err(Refused::Conditions(_)) => lost = true,
                }
            }
            if !lost {
                return Ok(());
            }
            backoff.wait_or_give_up("an account is being changed by others").await?;
        }
    }

    /// Gives an account another password: one transaction, which ends its user tokens and voids its mailed link.
    ///
    /// # Errors
    /// The table is out of reach, or the credential was changed since it was read.
    pub async fn change_password(&self, credential: &Credential, password_hash: &str) -> Result<(), Error> {
        let session_id = random_id(16);
        let change =
            Expression::update("SET password_hash = :hash, session_id = :session, revision = :revision REMOVE link_id")
                .and_condition("revision = :seen")
                .value(":hash", text(password_hash))
                .value(":session", text(&session_id))
                .value(":revision", text(&random_id(16)))
                .value(":seen", text(&credential.revision));
        let ended = Expression::update("SET session_id = :session").value(":session", text(&session_id));
        let transaction = Transaction::new(&self.engine)
            .update(keys::credential(&fold(&credential.email)), &change, Changed)?
            .update(keys::account(&credential.user_id), &ended, Changed)?;
        committed(transaction).await
    }
}

async fn committed(transaction: Transaction<'_, Changed>) -> Result<(), Error> {
    match transaction.commit().await {
        Ok(()) => Ok(()),
        Err(Refused::Failed(error)) => Err(error.into()),
        Err(Refused::Conditions(_)) => Err(changed_meanwhile()),
    }
}
