//! One-time links. To open one proves access to the mailbox of an account's address. That verifies the address, and
//! permits a new password.

use domain::{
    clock::now,
    ids::{LinkId, random_id},
    source::Source,
    text::{EmailAddress, FoldedAddress},
};
use dynamo::{Expression, bool_value, number, text};

use crate::{
    Error, Limited, LinkError, LinkKind, Table,
    records::{CredentialRecord, LinkRecord, MailRecord},
    scope::{Write, WriteScope, keys},
};

/// A link that was opened, and the credential that it belongs to.
pub struct OpenLink {
    id: LinkId,
    kind: LinkKind,
    credential: CredentialRecord,
}

impl OpenLink {
    /// The address that the link verifies.
    #[must_use]
    pub fn email(&self) -> &str {
        &self.credential.email
    }

    /// The first and last name of the account's owner.
    #[must_use]
    pub fn owner_names(&self) -> (&str, &str) {
        (&self.credential.first_name, &self.credential.last_name)
    }
}

/// A link to be mailed.
#[derive(Clone, Debug)]
pub(crate) struct NewLink {
    pub(crate) id: LinkId,
    pub(crate) kind: LinkKind,
    /// The organization that invites.
    pub(crate) organization_name: Option<String>,
}

impl NewLink {
    pub(crate) fn new(kind: LinkKind) -> Self {
        Self { id: LinkId::random(), kind, organization_name: None }
    }

    /// Adds the link and its mail to a transaction. The credential has to name the link as its current one.
    pub(crate) fn put<'t, S: WriteScope, R>(
        &self,
        write: Write<'t, S, R>,
        to: &CredentialRecord,
        id_taken: impl Fn() -> R,
    ) -> Write<'t, S, R> {
        let mail = MailRecord::with_link(self.kind.mail_kind(), to, self.organization_name.as_deref(), &self.id);
        self.put_alone(write, FoldedAddress::of(&to.email), id_taken()).put_new(keys::mail(&mail.id), &mail, id_taken())
    }

    fn put_alone<'t, S: WriteScope, R>(
        &self,
        write: Write<'t, S, R>,
        address: FoldedAddress,
        id_taken: R,
    ) -> Write<'t, S, R> {
        let record = LinkRecord { kind: self.kind, address, expires_at: now() + self.kind.lifetime_seconds() };
        write.put_new(keys::link(&self.id), &record, id_taken)
    }
}

impl Table {
    /// Mails a link that resets the password of the account with this address, and voids the one before; at most three
    /// an hour for one address. An address without an account takes the same calls.
    ///
    /// # Errors
    /// [`Error::LimitReached`] of the source, or the table is out of reach.
    pub async fn start_reset(&self, address: &EmailAddress, source: &Source) -> Result<(), Error> {
        // Before the address's own count: a source over its limit must not use that up, or the owner would get no mail.
        let ((), credential) = tokio::try_join!(self.count_mail_asked_for(source), self.credential(address))?;
        let link = NewLink::new(LinkKind::Reset);
        let begun = self.write().counted(Self::reset_limit(address), |reached| reached);
        let write = match &credential {
            Some(credential) => {
                let current = Expression::update("SET link_id = :link, revision = :revision")
                    .value(":link", text(link.id.as_str()))
                    .value(":revision", text(&random_id(16)));
                link.put(begun, credential, Error::id_taken).update(
                    keys::credential(&address.folded()),
                    &current,
                    Error::account_changed(),
                )
            }
            None => link.put_alone(begun, address.folded(), Error::id_taken()),
        };
        match write.commit_or((), Err).await {
            Err(Error::LimitReached { limited: Limited::Resets, .. }) | Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Returns the link of this id if it can still be used. Two reads.
    ///
    /// # Errors
    /// [`LinkError::Dead`], or the table is out of reach.
    pub async fn open_link(&self, id: &LinkId) -> Result<OpenLink, LinkError> {
        let link = self.get(keys::link(id)).await?.ok_or(LinkError::Dead)?;
        let credential = self.get(keys::credential(&link.address)).await?;
        let credential =
            credential.filter(|credential| credential.link_id.as_ref() == Some(id)).ok_or(LinkError::Dead)?;
        Ok(OpenLink { id: id.clone(), kind: link.kind, credential })
    }

    /// Uses a link: the account gets this password, its address is verified, and every token from before has
    /// ended.
    ///
    /// # Errors
    /// [`LinkError::Dead`]: the link was used or replaced meanwhile. Or the table is out of reach.
    pub async fn redeem(&self, link: &OpenLink, password_hash: &str) -> Result<(), LinkError> {
        let user = &link.credential.user_id;
        let alive = Expression::condition("expires_at > :now").value(":now", number(now()));
        let session_id = random_id(16);
        let changed = Expression::update(
            "SET password_hash = :hash, session_id = :session, proven = :true, revision = :revision \
             REMOVE link_id, expires_at",
        )
        .and_condition("link_id = :link")
        .value(":hash", text(password_hash))
        .value(":session", text(&session_id))
        .value(":true", bool_value(true))
        .value(":revision", text(&random_id(16)))
        .value(":link", text(link.id.as_str()));
        let ended = Expression::update("SET session_id = :session, proven = :true REMOVE expires_at")
            .value(":session", text(&session_id))
            .value(":true", bool_value(true));
        self.write()
            .delete(keys::link(&link.id), &alive, LinkError::Dead)
            .update(keys::credential(&FoldedAddress::of(&link.credential.email)), &changed, LinkError::Dead)
            .update(keys::account(user), &ended, LinkError::Dead)
            .commit_or((), Err)
            .await?;
        tracing::info!(kind = ?link.kind, "a mailed link was used");
        Ok(())
    }
}
