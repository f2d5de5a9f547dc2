//! One-time links: each proves that who opens it reads the mails of an account's address, and sets the account's password.

use claims::Role;
use domain::{
    clock::now,
    ids::{LinkId, UserId, random_id},
    mail::MailKind,
    text::{EmailAddress, fold},
};
use dynamo::{Counted, Expression, Limit, Refused, Transaction, bool_value, number, text};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use crate::{
    Error, Table,
    account::{Credential, changed_meanwhile},
    keys,
    mail::Mail,
};

const HOUR: u64 = 60 * 60;
/// Roles that are marked at once.
const MARKED_AT_ONCE: usize = 32;
/// Mails with a link to reset a password, to one address in an hour.
const MOST_RESETS: u64 = 3;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkKind {
    /// An admin's invitation.
    Invitation,
    /// A forgotten password.
    Reset,
    /// The proof of a new account's address.
    Proof,
}

impl LinkKind {
    /// How long the link is good, in seconds.
    #[must_use]
    pub fn life(self) -> u64 {
        match self {
            Self::Invitation | Self::Proof => 72 * HOUR,
            Self::Reset => HOUR,
        }
    }

    fn mail(self) -> MailKind {
        match self {
            Self::Invitation => MailKind::Invitation,
            Self::Reset => MailKind::PasswordReset,
            Self::Proof => MailKind::AddressProof,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct LinkRecord {
    kind: LinkKind,
    /// Whose, as [`crate::text::fold`] gives the address. Links of addresses without an account lead nowhere.
    address: String,
    expires_at: u64,
}

/// A link that was opened, and whose it is.
pub struct OpenLink {
    id: LinkId,
    kind: LinkKind,
    credential: Credential,
}

impl OpenLink {
    /// The address that the link proves.
    #[must_use]
    pub fn email(&self) -> &str {
        &self.credential.email
    }
}

/// A link to be mailed.
#[derive(Clone, Debug)]
pub(super) struct NewLink {
    /// Its id.
    pub(super) id: LinkId,
    /// What it is for.
    pub(super) kind: LinkKind,
    /// The organization that invites.
    pub(super) organization_name: Option<String>,
}

impl NewLink {
    /// A new link.
    pub(super) fn new(kind: LinkKind) -> Self {
        Self { id: LinkId::random(), kind, organization_name: None }
    }

    /// Adds the link and its mail to a transaction. The credential has to name the link as its present one.
    pub(super) fn put<'t, R>(
        &self,
        transaction: Transaction<'t, R>,
        to: &Credential,
        id_taken: impl Fn() -> R,
    ) -> Result<Transaction<'t, R>, Error> {
        let mail = Mail::with_link(self.kind.mail(), to, self.organization_name.as_deref(), &self.id);
        mail.put(self.put_alone(transaction, fold(&to.email), id_taken())?, id_taken())
    }

    fn put_alone<'t, R>(
        &self,
        transaction: Transaction<'t, R>,
        address: String,
        id_taken: R,
    ) -> Result<Transaction<'t, R>, Error> {
        let record = LinkRecord { kind: self.kind, address, expires_at: now() + self.kind.life() };
        Ok(transaction.put_new(keys::link(&self.id), "link", &record, id_taken)?)
    }
}

/// Which condition of a link's transaction failed.
enum LinkRefusal {
    /// The link is used or void, or the credential isn't as it was read.
    Changed,
    Defect,
}

impl Table {
    /// Mails a link that resets the password of the account with this address, and voids the one before; at most three an hour
    /// for one address. An address without an account takes the same calls.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn start_reset(&self, address: &EmailAddress) -> Result<(), Error> {
        let limit = Limit {
            key: keys::reset_limit(&address.folded()),
            entity: "reset limit",
            most: MOST_RESETS,
            seconds: HOUR,
        };
        let (counted, credential) = tokio::try_join!(self.count(&limit, now()), self.credential(address))?;
        if let Counted::Full(_) = counted {
            return Ok(());
        }
        let link = NewLink::new(LinkKind::Reset);
        let transaction = Transaction::new(&self.engine);
        let transaction = match &credential {
            Some(credential) => {
                let transaction = link.put(transaction, credential, || LinkRefusal::Defect)?;
                transaction.update(keys::credential(&address.folded()), &naming(&link.id), LinkRefusal::Changed)?
            }
            None => link.put_alone(transaction, address.folded(), LinkRefusal::Defect)?,
        };
        match transaction.commit().await {
            Ok(()) => Ok(()),
            Err(Refused::Failed(error)) => Err(error.into()),
            Err(Refused::Conditions(_)) => Err(changed_meanwhile()),
        }
    }

    /// The link of this id, where it can still be used: two reads.
    ///
    /// # Errors
    /// [`Error::DeadLink`], or the table is out of reach.
    pub async fn open_link(&self, id: &LinkId) -> Result<OpenLink, Error> {
        let link: Option<LinkRecord> = self.get(keys::link(id)).await?;
        let link = link.ok_or(Error::DeadLink)?;
        let credential: Option<Credential> = self.get(keys::credential(&link.address)).await?;
        let credential =
            credential.filter(|credential| credential.link_id.as_ref() == Some(id)).ok_or(Error::DeadLink)?;
        Ok(OpenLink { id: id.clone(), kind: link.kind, credential })
    }

    /// Uses a link: the account gets this password, its address is proven, and every user token from before has ended. The first
    /// proof of an address also ends the organization tokens from before.
    ///
    /// # Errors
    /// [`Error::DeadLink`]: somebody was quicker. Or the table is out of reach.
    pub async fn redeem(&self, link: &OpenLink, password_hash: &str) -> Result<(), Error> {
        let user = &link.credential.user_id;
        if !link.credential.proven {
            self.mark_roles_proven(user).await?;
        }
        let alive = Expression::condition("expires_at > :now").value(":now", number(now()));
        let session = random_id(16);
        let changed = Expression::update(
            "SET password_hash = :hash, session_id = :session, proven = :true, revision = :revision REMOVE link_id",
        )
        .and_condition("link_id = :link")
        .value(":hash", text(password_hash))
        .value(":session", text(&session))
        .value(":true", bool_value(true))
        .value(":revision", text(&random_id(16)))
        .value(":link", text(link.id.as_str()));
        let ended = Expression::update("SET session_id = :session, proven = :true")
            .value(":session", text(&session))
            .value(":true", bool_value(true));
        let transaction = Transaction::new(&self.engine)
            .delete(keys::link(&link.id), &alive, LinkRefusal::Changed)?
            .update(keys::credential(&fold(&link.credential.email)), &changed, LinkRefusal::Changed)?
            .update(keys::account(user), &ended, LinkRefusal::Defect)?;
        match transaction.commit().await {
            Ok(()) => {}
            Err(Refused::Failed(error)) => return Err(error.into()),
            Err(Refused::Conditions(_)) => return Err(Error::DeadLink),
        }
        tracing::info!(kind = ?link.kind, "a mailed link was used");
        if !link.credential.proven {
            // For the organizations that the account founded meanwhile.
            self.mark_roles_proven(user).await?;
        }
        Ok(())
    }

    /// From here on, tokens from before the proof of the user's address are refused by the live role check.
    pub(super) async fn mark_roles_proven(&self, user: &UserId) -> Result<(), Error> {
        let proven = Expression::update("SET proven = :true").value(":true", bool_value(true));
        let memberships = self.memberships(user).await?.into_iter();
        let admin_of = memberships.filter(|membership| membership.role == Role::Admin);
        let marks = stream::iter(admin_of).map(async |membership| {
            self.update(keys::admin(&membership.organization_id, user), &proven).await.map(drop)
        });
        marks.buffer_unordered(MARKED_AT_ONCE).try_collect().await
    }
}

/// Makes a link the present one of its credential, which voids the one before.
fn naming(link: &LinkId) -> Expression {
    Expression::update("SET link_id = :link, revision = :revision")
        .value(":link", text(link.as_str()))
        .value(":revision", text(&random_id(16)))
}
