//! Invitations: an admin makes an account without a password, whose owner is mailed a link that sets one.

use domain::{clock::now, ids::random_id};
use dynamo::{Backoff, Expression, number, text};

use crate::{
    CreatedAccount, Error, IdempotencyKey, LinkKind, NewAccount, OrganizationScope, Replayable, SignUpError,
    accounts::UNVERIFIED_SECONDS,
    links::NewLink,
    records::CredentialRecord,
    scope::{Committed, keys},
};

/// The condition of an invitation that failed.
enum InvitationRefusal {
    /// The credential or the budget of mails has changed since it was read.
    Changed,
    IdTaken,
    LimitReached(Error),
}

impl OrganizationScope<'_> {
    /// Makes an account without a password and mails a link that sets one. Where an account never set a password, mails
    /// another link, and earlier ones stay good until one is used. Once the organization has mailed the mailbox often
    /// enough, an address that it mailed within the hour is mailed nothing more. Two round trips.
    ///
    /// # Errors
    /// [`SignUpError::AddressTaken`], [`SignUpError::TooManyMails`], [`Error::LimitReached`] of the organization, the
    /// scope's own, [`Error::KeyReused`], or the table is out of reach.
    pub async fn invite(
        &self,
        account: &NewAccount,
        key: Option<&IdempotencyKey>,
    ) -> Result<Replayable<CreatedAccount>, SignUpError> {
        let mut backoff = Backoff::default();
        loop {
            if let Some(created) = self.try_to_invite(account, key).await? {
                return Ok(created);
            }
            // Another request creates or changes the account at the same time. The next attempt reads it.
            backoff.wait_or_give_up("an account is being changed by others").await.map_err(Error::from)?;
        }
    }

    async fn try_to_invite(
        &self,
        account: &NewAccount,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<Replayable<CreatedAccount>>, SignUpError> {
        let table = self.table();
        let (organization, known, budget, replay) = self
            .checked_with_organization(|reads| async move {
                let (organization, known, budget, replay) = tokio::join!(
                    reads.get(keys::organization(self.id())),
                    table.credential(&account.email),
                    self.mail_budget(reads, &account.email),
                    table.replay_of(key)
                );
                let (organization, known, budget) = (organization?, known?, budget?);
                Ok(organization.map(|organization| (organization, known, budget, replay)))
            })
            .await?;
        if let Some(replay) = replay? {
            return Ok(Some(replay));
        }
        self.require_verified(&organization)?;
        if known.as_ref().is_some_and(|known| !is_invited_again(known)) {
            return Err(SignUpError::AddressTaken);
        }
        let name = Some(organization.details.name.as_str().to_owned());
        let link = NewLink { organization_name: name, ..NewLink::new(LinkKind::Invitation) };
        let created = CreatedAccount {
            user_id: known.as_ref().map_or_else(|| account.user_id.clone(), |known| known.user_id.clone()),
            ..account.created()
        };
        let (changed, id_taken) = (InvitationRefusal::Changed, || InvitationRefusal::IdTaken);
        let limit = table.invitation_limit(self.id());
        let write = self.write().idempotent(key, &created);
        let write = match (known, budget.seconds_to_wait()) {
            (None, None) => {
                let expires_at = table.requires_verified_email().then(|| now() + UNVERIFIED_SECONDS);
                let write = account.put(write, &account.credential(expires_at), Some(&link), changed, id_taken);
                let write = write.counted(limit, InvitationRefusal::LimitReached);
                budget.count(write, InvitationRefusal::Changed)
            }
            // The names stay as they are and are not told: another organization may have sent them, and may show them.
            (Some(known), None) => {
                let key = keys::credential(&account.email.folded());
                let write = link.put(write, &known, id_taken);
                let write = if known.expires_at.is_some() {
                    // The account must not end before the link that was mailed to it.
                    let end = number(now() + UNVERIFIED_SECONDS);
                    let later = Expression::update("SET revision = :revision, expires_at = :end")
                        .value(":revision", text(&random_id(16)))
                        .value(":end", end.clone());
                    let account_later = Expression::update("SET expires_at = :end").value(":end", end);
                    let account_key = keys::account(&known.user_id);
                    write.update(key, &later.and(known.unchanged()), changed).update(
                        account_key,
                        &account_later,
                        InvitationRefusal::Changed,
                    )
                } else {
                    write.check(key, &known.unchanged(), changed)
                };
                let write = write.counted(limit, InvitationRefusal::LimitReached);
                budget.count(write, InvitationRefusal::Changed)
            }
            // A link that was mailed within the hour is good. Nobody is mailed, so nothing is counted.
            (Some(_), Some(_)) if budget.has_mailed() => write,
            (_, Some(seconds)) => return Err(SignUpError::TooManyMails(seconds)),
        };
        match write.commit(created).await? {
            Committed::Done(created) => Ok(Some(created)),
            Committed::Refused(refusals) => match refusals.into_iter().next() {
                Some((InvitationRefusal::LimitReached(error), _)) => Err(error.into()),
                Some((InvitationRefusal::IdTaken, _)) => Err(Error::id_taken().into()),
                Some((InvitationRefusal::Changed, _)) | None => Ok(None),
            },
        }
    }
}

/// Whether the account was invited before and never set a password.
fn is_invited_again(known: &CredentialRecord) -> bool {
    known.password_hash.is_none() && !known.email_verified
}
