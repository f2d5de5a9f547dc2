//! Accounts and the credentials that they sign in with.

use claims::AccountHolder;
use domain::{
    clock::now,
    ids::{LinkId, UserId, random_id},
    text::{EmailAddress, PersonName, PhoneNumber, fold},
};
use dynamo::{Backoff, Expression, Refused, Transaction, rfc3339, text};
use serde::{Deserialize, Serialize};

use crate::{
    Error, OrganizationTable, Table, keys,
    link::{LinkKind, NewLink},
    once::{Effect, Once},
    organization::Organization,
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
    /// The password's argon2id hash, a PHC string; who was invited has none yet.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub password_hash: Option<String>,
    /// Another with each password: user tokens that name an earlier one have ended.
    #[serde(default)]
    pub session_id: String,
    /// Whether a link that was mailed to the address came back.
    #[serde(default)]
    pub proven: bool,
    /// Another with each change of this item.
    #[serde(default)]
    pub(super) revision: String,
    /// The mailed link that can be used; every earlier one is void.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) link_id: Option<LinkId>,
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
    /// The password's argon2id hash, a PHC string; none for who is invited.
    pub password_hash: Option<String>,
}

/// An account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    /// Its id.
    pub user_id: UserId,
    /// The address as its owner wrote it.
    pub email: String,
    /// The owner's first name.
    pub first_name: String,
    /// The owner's last name.
    pub last_name: String,
    /// The owner's phone number.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub phone_number: Option<PhoneNumber>,
    /// When it was made, RFC 3339 UTC.
    pub created_at: String,
    /// As the credential has it.
    #[serde(default)]
    pub(super) session_id: String,
    /// As the credential has it.
    #[serde(default)]
    pub proven: bool,
}

impl Account {
    /// Asks whether the sign-in that a token came from is still the present one.
    ///
    /// # Errors
    /// [`Error::SessionEnded`].
    pub fn require_session(&self, session_id: &str) -> Result<(), Error> {
        if self.session_id == session_id { Ok(()) } else { Err(Error::SessionEnded) }
    }

    /// Asks whether the holder's token still stands for the account: a user token ends with its sign-in, and the first proof
    /// of the address ends an organization token from before.
    ///
    /// # Errors
    /// [`Error::SessionEnded`].
    pub fn require_current(&self, holder: &AccountHolder) -> Result<(), Error> {
        match holder {
            AccountHolder::Session(session) => self.require_session(&session.session_id),
            AccountHolder::Member { proven, .. } if *proven || !self.proven => Ok(()),
            AccountHolder::Member { .. } => Err(Error::SessionEnded),
        }
    }
}

/// What of an account its existence and its standing are asked by.
#[derive(Deserialize)]
pub(super) struct Standing {
    #[serde(default)]
    pub(super) proven: bool,
}

impl Credential {
    /// That the credential is as it was read.
    pub(super) fn as_read(&self) -> Expression {
        if self.revision.is_empty() {
            return Expression::condition("attribute_not_exists(revision)");
        }
        Expression::condition("revision = :seen").value(":seen", text(&self.revision))
    }
}

/// An account that was made, as its maker sent it.
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
    fn created(&self) -> CreatedAccount {
        CreatedAccount {
            user_id: self.user_id.clone(),
            email: self.email.clone(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
        }
    }

    fn credential(&self, link: Option<&NewLink>, session_id: &str) -> Credential {
        Credential {
            user_id: self.user_id.clone(),
            email: self.email.as_str().to_owned(),
            first_name: self.first_name.as_str().to_owned(),
            last_name: self.last_name.as_str().to_owned(),
            password_hash: self.password_hash.clone(),
            session_id: session_id.to_owned(),
            proven: false,
            revision: random_id(16),
            link_id: link.map(|link| link.id.clone()),
        }
    }

    /// Adds the account and its credential to a transaction, and the `link` that is mailed to it.
    pub(super) fn put<'t, R>(
        &self,
        transaction: Transaction<'t, R>,
        link: Option<&NewLink>,
        address_taken: R,
        id_taken: impl Fn() -> R,
    ) -> Result<(Transaction<'t, R>, Credential), Error> {
        let session_id = random_id(16);
        let credential = self.credential(link, &session_id);
        let account = Account {
            user_id: self.user_id.clone(),
            email: credential.email.clone(),
            first_name: credential.first_name.clone(),
            last_name: credential.last_name.clone(),
            phone_number: self.phone_number.clone(),
            created_at: rfc3339(now()),
            session_id,
            proven: false,
        };
        let transaction = transaction
            .put_new(keys::credential(&self.email.folded()), "credential", &credential, address_taken)?
            .put_new(keys::account(&self.user_id), "account", &account, id_taken())?;
        let transaction = match link {
            Some(link) => link.put(transaction, &credential, id_taken)?,
            None => transaction,
        };
        Ok((transaction, credential))
    }
}

/// Which condition of an account's creation failed.
enum AccountRefusal {
    Failure(Error),
    /// The request was sent before.
    Earlier,
    /// The credential isn't as it was read.
    Changed,
}

impl Table {
    /// Makes an account, and mails the proof of its address where that is required: one transaction.
    ///
    /// # Errors
    /// [`Error::AddressTaken`], [`Error::KeyReused`], or the table is out of reach.
    pub async fn create_account(
        &self,
        account: &NewAccount,
        once: Option<&Once>,
    ) -> Result<Effect<CreatedAccount>, Error> {
        use AccountRefusal::{Earlier, Failure};

        let created = account.created();
        let link = self.proof_link();
        let transaction = Once::put(once, Transaction::new(&self.engine), &created, Earlier)?;
        let taken = Failure(Error::AddressTaken);
        let (transaction, _) = account.put(transaction, link.as_ref(), taken, || Failure(id_taken()))?;
        concluded(transaction, created, once).await?.ok_or_else(changed_meanwhile)
    }

    /// The link that a new account is mailed to prove its address, where that is required.
    pub(super) fn proof_link(&self) -> Option<NewLink> {
        self.requires_proof.then(|| NewLink::new(LinkKind::Proof))
    }

    /// The credential of this address, where an account has it: one read.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn credential(&self, email: &EmailAddress) -> Result<Option<Credential>, Error> {
        self.get(keys::credential(&email.folded())).await
    }

    /// The same, of who surely reads the mails to this address.
    pub(super) async fn credential_of_mailbox(&self, email: &EmailAddress) -> Result<Option<Credential>, Error> {
        let credential = self.credential(email).await?;
        Ok(credential.filter(|credential| email.is_mailbox_of(&credential.email)))
    }

    /// The account of this id: one read.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn account(&self, user: &UserId) -> Result<Option<Account>, Error> {
        self.get(keys::account(user)).await
    }
}

impl OrganizationTable<'_> {
    /// Makes an account without a password and mails a link that sets one; or mails another, which voids the one before, where
    /// an account never set one. Two round trips.
    ///
    /// # Errors
    /// [`Error::OrganizationGone`], [`Error::NotAdmin`], [`Error::InvalidKey`], [`Error::AddressTaken`], [`Error::KeyReused`], or
    /// the table is out of reach.
    pub async fn invite(&self, account: &NewAccount, once: Option<&Once>) -> Result<Effect<CreatedAccount>, Error> {
        let mut backoff = Backoff::default();
        loop {
            if let Some(effect) = self.try_to_invite(account, once).await? {
                return Ok(effect);
            }
            // Somebody else makes or changes the account at the same time: the next try sees it.
            backoff.wait_or_give_up("an account is being changed by others").await?;
        }
    }

    async fn try_to_invite(
        &self,
        account: &NewAccount,
        once: Option<&Once>,
    ) -> Result<Option<Effect<CreatedAccount>>, Error> {
        use AccountRefusal::{Changed, Earlier, Failure};

        let organization = self.table.get::<Organization>(keys::organization(self.id));
        let known = self.table.credential(&account.email);
        let earlier = Once::earlier(once, self.table);
        let (organization, is_admin, known, earlier) = tokio::join!(organization, self.is_admin(), known, earlier);
        let (organization, is_admin, known) = (organization?, is_admin?, known?);
        let organization = organization.ok_or_else(|| self.organization_gone())?;
        if !is_admin {
            return Err(self.not_admin());
        }
        if let Some(earlier) = earlier? {
            return Ok(Some(Effect::replayed(earlier)));
        }
        let name = Some(organization.details.name.as_str().to_owned());
        let link = NewLink { organization_name: name, ..NewLink::new(LinkKind::Invitation) };
        let defect = || Failure(id_taken());
        let transaction = self.check_role(Transaction::new(&self.table.engine), Failure(self.not_admin()))?;
        let created = CreatedAccount {
            user_id: known.as_ref().map_or_else(|| account.user_id.clone(), |known| known.user_id.clone()),
            ..account.created()
        };
        let transaction = Once::put(once, transaction, &created, Earlier)?;
        let transaction = match known {
            None => account.put(transaction, Some(&link), Changed, defect)?.0,
            // The names stay as they are, and are not told: another organization may have sent and may show them.
            Some(known)
                if known.password_hash.is_none() && !known.proven && account.email.is_mailbox_of(&known.email) =>
            {
                let linked = Expression::update("SET link_id = :link, revision = :revision")
                    .and_condition("revision = :seen")
                    .value(":link", text(link.id.as_str()))
                    .value(":revision", text(&random_id(16)))
                    .value(":seen", text(&known.revision));
                link.put(transaction, &known, defect)?.update(
                    keys::credential(&fold(&known.email)),
                    &linked,
                    Changed,
                )?
            }
            Some(_) => return Err(Error::AddressTaken),
        };
        concluded(transaction, created, once).await
    }
}

/// Commits, and says what came of it: the account, or an earlier request's; nothing where what was read has changed.
async fn concluded(
    transaction: Transaction<'_, AccountRefusal>,
    created: CreatedAccount,
    once: Option<&Once>,
) -> Result<Option<Effect<CreatedAccount>>, Error> {
    match transaction.commit().await {
        Ok(()) => Ok(Some(Effect::new(created))),
        Err(Refused::Failed(error)) => Err(error.into()),
        Err(Refused::Conditions(failed)) => match (failed.into_iter().next(), once) {
            (Some((AccountRefusal::Failure(error), _)), _) => Err(error),
            (Some((AccountRefusal::Earlier, item)), Some(once)) => once.replay(item).map(Some),
            _ => Ok(None),
        },
    }
}

fn id_taken() -> Error {
    Error::Internal("a random id was taken".into())
}

/// That an account isn't as it was read: whoever tries again sees it as it is.
pub(super) fn changed_meanwhile() -> Error {
    Error::Unavailable("an account was changed meanwhile".to_owned())
}
