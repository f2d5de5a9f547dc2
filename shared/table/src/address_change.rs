//! A change of an account's address: a link is mailed to the new address, and its use makes the address the account's.
//!
//! The link's use is one transaction, after which sign-in, promotion and invitations find the account by the new
//! address alone. Each organization of the user also shows the address: its admin item, and its row among the members.
//! They follow, one organization in a transaction (`move_address`). An entry in the outbox's queue is put by the link's
//! use and deleted at the end, so that the mailer finishes what a process that died has begun.

use domain::{
    clock::now,
    ids::{LinkId, UserId, random_id},
    mail::MailKind,
    source::Source,
    text::{EmailAddress, FoldedAddress},
};
use dynamo::{Backoff, Expression, Limit, bool_value, number, text};

use crate::{
    AddressChangeError, Error, LinkError, LinkKind, QueueEntry, QueuedMessage, Table,
    records::{CredentialRecord, LimitRecord, LinkRecord, MailRecord, QueuedMoveRecord},
    scope::{Committed, Key, keys},
};

const HOUR_SECONDS: u64 = 60 * 60;
/// Mails with a link to confirm one new address, in an hour, whoever asks for them.
const MAX_MAILS_AN_HOUR: u64 = 3;
/// The time after which the mailer finishes a move, in seconds: longer than the call that began it may take.
const FINISHED_AFTER_SECONDS: u64 = 60;

/// The condition of a request that failed.
enum RequestRefusal {
    LimitReached(Error),
    /// The address was mailed often enough, or its limit isn't as it was read.
    Limit,
    IdTaken,
}

/// The condition of a link's use that failed.
enum ConfirmRefusal {
    Used,
    AccountChanged,
    Taken,
    IdTaken,
}

impl Table {
    /// Mails a link to `address` that makes it the account's. Past three an hour to an address, none is mailed, and
    /// nobody is told. Two round trips.
    ///
    /// # Errors
    /// [`Error::LimitReached`] of the source, or the table is out of reach.
    pub async fn request_address_change(
        &self,
        credential: &CredentialRecord,
        address: &EmailAddress,
        source: &Source,
    ) -> Result<(), Error> {
        let mut backoff = Backoff::default();
        loop {
            let limit = change_limit(&address.folded());
            let counted = limit.counted(self.get_part(limit.key.clone()).await?, now());
            if counted >= limit.max_events {
                return Ok(());
            }
            let counting = if counted == 0 { limit.begin(now()) } else { limit.count_one(now()) };
            let id = LinkId::random();
            let link = LinkRecord {
                kind: LinkKind::AddressChange,
                address: FoldedAddress::of(&credential.email),
                password_generation: Some(credential.password_generation.clone()),
                new_address: Some(address.clone()),
                invitation: None,
                expires_at: now() + LinkKind::AddressChange.lifetime_seconds(),
            };
            let write = self
                .write()
                .counted(self.mail_limit(source), RequestRefusal::LimitReached)
                .update_or_create(limit.key.clone(), &counting, RequestRefusal::Limit)
                .put_new(keys::link(&id), &link, RequestRefusal::IdTaken);
            let mail = MailRecord::address_change(credential, address, &id);
            match mail.put(write, || RequestRefusal::IdTaken).commit(()).await? {
                Committed::Done(_) => return Ok(()),
                Committed::Refused(refusals) => match refusals.into_iter().next() {
                    Some((RequestRefusal::LimitReached(error), _)) => return Err(error),
                    Some((RequestRefusal::IdTaken, _)) => return Err(Error::id_taken()),
                    Some((RequestRefusal::Limit, _)) | None => {
                        backoff.wait_or_give_up("a limit is being counted by others").await?;
                    }
                },
            }
        }
    }

    /// Uses a link: the account gets the address that it was mailed to. Returns the address.
    ///
    /// # Errors
    /// [`AddressChangeError::Taken`], [`AddressChangeError::Link`], or the table is out of reach.
    pub async fn confirm_address_change(&self, id: &LinkId) -> Result<EmailAddress, AddressChangeError> {
        let mut backoff = Backoff::default();
        loop {
            let link = self.get(keys::link(id)).await?.ok_or(LinkError::Dead)?;
            let Some(address) = link.new_address.clone() else { return Err(LinkError::Dead.into()) };
            let credential = self.get(keys::credential(&link.address)).await?;
            let credential = credential.filter(|credential| link.is_good_for(id, credential)).ok_or(LinkError::Dead)?;
            if !credential.email_verified {
                // The link proves an address, as any other does: what the user created stays.
                self.keep_organizations(&credential.user_id).await?;
            }
            let entry = QueueEntry {
                due_at: now() + FINISHED_AFTER_SECONDS,
                message: QueuedMessage::AddressMove(credential.user_id.clone()),
            };
            match self.commit_address_change(id, &link, &credential, &address, &entry).await? {
                Committed::Done(_) => {
                    self.finish_move(&credential.user_id, &entry).await;
                    return Ok(address);
                }
                Committed::Refused(refusals) => match refusals.into_iter().next() {
                    Some((ConfirmRefusal::Taken, _)) => return Err(AddressChangeError::Taken),
                    Some((ConfirmRefusal::IdTaken, _)) => return Err(Error::id_taken().into()),
                    Some((ConfirmRefusal::Used, _)) => return Err(LinkError::Dead.into()),
                    Some((ConfirmRefusal::AccountChanged, _)) | None => {
                        backoff.wait_or_give_up("an account is being changed by others").await.map_err(Error::from)?;
                    }
                },
            }
        }
    }

    /// Moves the address in every organization. The account has it already, so what fails is left to the mailer.
    async fn finish_move(&self, user: &UserId, entry: &QueueEntry) {
        let moved = async {
            self.move_address(user).await?;
            self.delete(keys::queued_move(entry)).await
        };
        if let Err(error) = moved.await {
            tracing::warn!(%error, "an address is left to be moved");
        }
    }

    async fn commit_address_change(
        &self,
        id: &LinkId,
        link: &LinkRecord,
        credential: &CredentialRecord,
        address: &EmailAddress,
        entry: &QueueEntry,
    ) -> Result<Committed<(), ConfirmRefusal>, Error> {
        let alive = Expression::condition("expires_at > :now").value(":now", number(now()));
        let unchanged = link.still_good(id).and(credential.unchanged());
        let moved = CredentialRecord {
            email: address.as_str().to_owned(),
            email_verified: true,
            proven_at: Some(now()),
            revision: random_id(16),
            link_id: None,
            expires_at: None,
            ..credential.clone()
        };
        let account = Expression::update("SET email = :email, proven = :true REMOVE expires_at")
            .value(":email", text(address.as_str()))
            .value(":true", bool_value(true));
        let write = self.write().delete(keys::link(id), &alive, ConfirmRefusal::Used);
        let write = if address.folded() == link.address {
            // The address is written in another way, and found at the same key.
            let key = keys::credential(&link.address);
            let rewritten = Expression::update(
                "SET email = :email, proven = :true, proven_at = :now, revision = :revision REMOVE link_id, expires_at",
            );
            let rewritten = rewritten
                .value(":email", text(&moved.email))
                .value(":true", bool_value(true))
                .value(":now", number(now()))
                .value(":revision", text(&moved.revision));
            write.update(key, &rewritten.and(unchanged), ConfirmRefusal::AccountChanged)
        } else {
            write
                .delete(keys::credential(&link.address), &unchanged, ConfirmRefusal::AccountChanged)
                .put_new_or_over_expired(keys::credential(&address.folded()), &moved, ConfirmRefusal::Taken)
        };
        let write = write.update(keys::account(&credential.user_id), &account, ConfirmRefusal::AccountChanged).put_new(
            keys::queued_move(entry),
            &QueuedMoveRecord {},
            ConfirmRefusal::IdTaken,
        );
        let notice = MailRecord::new(MailKind::AddressChanged, credential);
        notice.put(write, || ConfirmRefusal::IdTaken).commit(()).await
    }
}

/// The limit belongs to the new address, so that a stranger can't have its owner mailed without end.
fn change_limit(address: &FoldedAddress) -> Limit<Key<LimitRecord>> {
    Limit {
        key: keys::change_limit(address),
        entity: "address change limit",
        max_events: MAX_MAILS_AN_HOUR,
        seconds: HOUR_SECONDS,
    }
}
