//! One-time links. To open one proves access to the mailbox of an account's address. That verifies the address, and
//! permits a new password.

use claims::Role;
use domain::{
    clock::now,
    ids::{LinkId, OrganizationId, UserId, random_id},
    mail::MailKind,
    text::{FoldedAddress, fold},
};
use dynamo::{Backoff, Expression, bool_value, number, text};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{
    Error, LinkError, LinkKind, Table,
    records::{CredentialRecord, LinkRecord, MailRecord},
    scope::{Authority, Committed, Write, WriteScope, keys},
};

/// The number of organizations that are updated concurrently.
const MAX_CONCURRENT_UPDATES: usize = 32;

/// A link that was opened, and the credential that it belongs to.
pub struct OpenLink {
    id: LinkId,
    link: LinkRecord,
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

/// The condition of a link's use that failed.
enum RedemptionRefusal {
    /// The link was used or has ended meanwhile.
    Used,
    /// The account has changed since it was read.
    AccountChanged,
    IdTaken,
}

/// A link to be mailed.
#[derive(Clone, Debug)]
pub(crate) struct NewLink {
    pub(crate) id: LinkId,
    pub(crate) kind: LinkKind,
    /// In seconds since 1970.
    made_at: u64,
}

impl NewLink {
    pub(crate) fn new(kind: LinkKind) -> Self {
        Self::made_at(kind, now())
    }

    /// A link that is made now, by the clock of whoever makes it.
    pub(crate) fn made_at(kind: LinkKind, now: u64) -> Self {
        Self { id: LinkId::random(), kind, made_at: now }
    }

    /// Adds the link and its mail to a transaction. The link is good for as long as `to` has the password that it has
    /// now, whatever else is mailed meanwhile.
    pub(crate) fn put<'t, S: WriteScope, R>(
        &self,
        write: Write<'t, S, R>,
        to: &CredentialRecord,
        id_taken: impl Fn() -> R,
    ) -> Write<'t, S, R> {
        let mail = MailRecord::with_link(self.kind.mail_kind(), to, &self.id).made_at(self.made_at);
        let record = LinkRecord {
            kind: self.kind,
            address: FoldedAddress::of(&to.email),
            password_generation: Some(to.password_generation.clone()),
            new_address: None,
            invitation: None,
            expires_at: self.made_at + self.kind.lifetime_seconds(),
        };
        mail.put(write.put_new(keys::link(&self.id), &record, id_taken()), id_taken)
    }
}

impl Table {
    /// Returns a link of an account, if it can still be used. One read.
    pub(crate) async fn open_link_of_account(&self, id: &LinkId, link: LinkRecord) -> Result<OpenLink, LinkError> {
        // Such a link sets no password.
        if link.kind == LinkKind::AddressChange {
            return Err(LinkError::Dead);
        }
        let credential = self.get(keys::credential(&link.address)).await?;
        let credential = credential.filter(|credential| link.is_good_for(id, credential)).ok_or(LinkError::Dead)?;
        Ok(OpenLink { id: id.clone(), link, credential })
    }

    /// Uses a link: the account gets this password, its address is verified, and every other link and every token from
    /// before has ended.
    ///
    /// # Errors
    /// [`LinkError::Dead`]: this link or another one of the account was used meanwhile. Or the table is out of reach.
    pub async fn redeem(&self, open: &OpenLink, password_hash: &str) -> Result<(), LinkError> {
        let mut credential = open.credential.clone();
        let mut backoff = Backoff::default();
        loop {
            if !credential.email_verified {
                // The link proves the address already. An organization that is created after this changes the
                // credential, so that the transaction fails and its turn comes in the next round.
                self.keep_organizations(&credential.user_id).await?;
            }
            match self.try_to_redeem(open, &credential, password_hash).await? {
                Committed::Done(_) => {
                    tracing::info!(kind = ?open.link.kind, "a mailed link was used");
                    return Ok(());
                }
                Committed::Refused(refusals) => match refusals.into_iter().next() {
                    Some((RedemptionRefusal::AccountChanged, _)) => {
                        let present = self.get(keys::credential(&open.link.address)).await?;
                        let good = present.filter(|present| open.link.is_good_for(&open.id, present));
                        credential = good.ok_or(LinkError::Dead)?;
                        backoff.wait_or_give_up("an account is being changed by others").await.map_err(Error::from)?;
                    }
                    Some((RedemptionRefusal::IdTaken, _)) => return Err(Error::id_taken().into()),
                    Some((RedemptionRefusal::Used, _)) | None => return Err(LinkError::Dead),
                },
            }
        }
    }

    async fn try_to_redeem(
        &self,
        open: &OpenLink,
        credential: &CredentialRecord,
        password_hash: &str,
    ) -> Result<Committed<(), RedemptionRefusal>, Error> {
        let OpenLink { id, link, .. } = open;
        let alive = Expression::condition("expires_at > :now").value(":now", number(now()));
        let session_id = random_id(16);
        // Of two links that are used at once, the second finds another generation than its own.
        let changed = Expression::update(
            "SET password_hash = :hash, session_id = :session, proven = :true, proven_at = :now, revision = :revision, \
             password_generation = :new_generation REMOVE link_id, expires_at",
        )
        .value(":hash", text(password_hash))
        .value(":session", text(&session_id))
        .value(":true", bool_value(true))
        .value(":revision", text(&random_id(16)))
        .value(":new_generation", text(&random_id(16)))
        .value(":now", number(now()))
        .and(link.still_good(id))
        .and(credential.unchanged());
        let ended = Expression::update("SET session_id = :session, proven = :true REMOVE expires_at")
            .value(":session", text(&session_id))
            .value(":true", bool_value(true));
        let write = self
            .write()
            .delete(keys::link(id), &alive, RedemptionRefusal::Used)
            .update(keys::credential(&link.address), &changed, RedemptionRefusal::AccountChanged)
            .update(keys::account(&credential.user_id), &ended, RedemptionRefusal::AccountChanged);
        // The first password replaces none, so there is nothing to warn the owner of.
        let write = match credential.password_hash {
            Some(_) => {
                let notice = MailRecord::new(MailKind::PasswordChanged, credential);
                notice.put(write, || RedemptionRefusal::IdTaken)
            }
            None => write,
        };
        write.commit(()).await
    }

    /// Keeps the organizations of a user who has just proven an address: they may invite and promote from then on, and
    /// don't end any more.
    pub(crate) async fn keep_organizations(&self, user: &UserId) -> Result<(), Error> {
        let memberships = self.all_memberships(user).await?.into_iter();
        let admin_of = memberships.filter(|membership| membership.role == Role::Admin);
        let kept =
            stream::iter(admin_of).map(async |membership| self.keep_organization(&membership.organization_id).await);
        kept.buffer_unordered(MAX_CONCURRENT_UPDATES).try_collect().await
    }

    /// Keeps an organization, with its name and its code, for good.
    pub(crate) async fn keep_organization(&self, id: &OrganizationId) -> Result<(), Error> {
        let mut backoff = Backoff::default();
        loop {
            let organization = self.get(keys::organization(id).by(Authority::AccountOwner)).await?;
            let ending =
                organization.filter(|organization| organization.unverified || organization.expires_at.is_some());
            let Some(organization) = ending else { return Ok(()) };
            // The version tells whether the organization has been renamed since.
            let kept = Expression::update("REMOVE unproven, expires_at")
                .and_condition("version = :seen")
                .value(":seen", number(organization.version));
            let endless = Expression::update("REMOVE expires_at");
            let name = keys::organization_name(&fold(organization.details.name.as_str()));
            let write = self
                .write()
                .update(keys::organization(id).by(Authority::AccountOwner), &kept, ())
                .update(name, &endless, ())
                .update(keys::organization_code(&organization.code), &endless, ());
            if let Committed::Done(_) = write.commit(()).await? {
                return Ok(());
            }
            backoff.wait_or_give_up("an organization is being changed by others").await?;
        }
    }
}
