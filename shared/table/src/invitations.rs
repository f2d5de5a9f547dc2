//! Invitations: an admin makes an account without a password, whose owner is mailed a link that sets one.

use domain::{ids::random_id, text::FoldedAddress};
use dynamo::{Backoff, Expression, text};

use crate::{
    CreatedAccount, Error, IdempotencyKey, LinkKind, NewAccount, OrganizationScope, Replayable, SignUpError,
    links::NewLink,
    records::CredentialRecord,
    scope::{Committed, Write, keys},
};

/// The condition of an invitation that failed.
enum InvitationRefusal {
    /// The credential has changed since it was read.
    Changed,
    IdTaken,
    LimitReached(Error),
}

impl OrganizationScope<'_> {
    /// Makes an account without a password and mails a link that sets one. Where an account never set a password, mails
    /// another link, which voids the one before. Two round trips.
    ///
    /// # Errors
    /// [`SignUpError::AddressTaken`], the scope's own, [`Error::KeyReused`], [`Error::LimitReached`] of the organization, or the table is out of reach.
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
        let (organization, known, replay) = self
            .checked_with_organization(|reads| async move {
                let organization = reads.get(keys::organization(self.id()));
                let (organization, known, replay) =
                    tokio::join!(organization, table.credential(&account.email), table.replay_of(key));
                let (organization, known) = (organization?, known?);
                Ok(organization.map(|organization| (organization, known, replay)))
            })
            .await?;
        if let Some(replay) = replay? {
            return Ok(Some(replay));
        }
        let name = Some(organization.details.name.as_str().to_owned());
        let link = NewLink { organization_name: name, ..NewLink::new(LinkKind::Invitation) };
        let created = CreatedAccount {
            user_id: known.as_ref().map_or_else(|| account.user_id.clone(), |known| known.user_id.clone()),
            ..account.created()
        };
        let write = self.write().idempotent(key, &created);
        let write = match known {
            None => {
                let credential = account.credential(Some(&link), None);
                let id_taken = || InvitationRefusal::IdTaken;
                account.put(write, &credential, Some(&link), InvitationRefusal::Changed, id_taken)
            }
            Some(known) if is_invited_again(&known) => put_another_link(write, &link, &known),
            Some(_) => return Err(SignUpError::AddressTaken),
        };
        let write = write.counted(table.invitation_limit(self.id()), InvitationRefusal::LimitReached);
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

/// The names stay as they are and are not told: another organization may have sent them, and may show them.
fn put_another_link<'t>(
    write: Write<'t, OrganizationScope<'t>, InvitationRefusal>,
    link: &NewLink,
    known: &CredentialRecord,
) -> Write<'t, OrganizationScope<'t>, InvitationRefusal> {
    let linked = Expression::update("SET link_id = :link, revision = :revision")
        .value(":link", text(link.id.as_str()))
        .value(":revision", text(&random_id(16)))
        .and(known.unchanged());
    link.put(write, known, || InvitationRefusal::IdTaken).update(
        keys::credential(&FoldedAddress::of(&known.email)),
        &linked,
        InvitationRefusal::Changed,
    )
}
