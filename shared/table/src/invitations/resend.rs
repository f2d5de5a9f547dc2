use domain::ids::InvitationId;
use dynamo::Backoff;

use super::{mail, make::refused, still_open};
use crate::{
    Error, InvitationError, OrganizationScope,
    records::InvitationRecord,
    scope::{Committed, keys},
};

impl OrganizationScope<'_> {
    /// Mails another link of an invitation, also of one whose links have expired. Three round trips.
    ///
    /// # Errors
    /// [`InvitationError::NotFound`], [`InvitationError::Closed`], [`InvitationError::MailedLately`],
    /// [`InvitationError::TooManyMails`], [`Error::LimitReached`] of the organization, the scope's own, or the table is
    /// out of reach.
    pub async fn resend_invitation(&self, id: &InvitationId) -> Result<InvitationRecord, InvitationError> {
        let mut backoff = Backoff::default();
        loop {
            if let Some(sent) = self.try_to_resend(id).await? {
                return Ok(sent);
            }
            backoff.wait_or_give_up("an invitation is being changed by others").await.map_err(Error::from)?;
        }
    }

    async fn try_to_resend(&self, id: &InvitationId) -> Result<Option<InvitationRecord>, InvitationError> {
        let (organization, invitation) = self
            .checked_with_organization(|reads| async move {
                let invitation = reads.get(keys::invitation(self.id(), id));
                let (organization, invitation) =
                    tokio::try_join!(reads.get(keys::organization(self.id())), invitation)?;
                Ok(organization.map(|organization| (organization, invitation)))
            })
            .await?;
        self.require_verified(&organization)?;
        let invitation = still_open(invitation)?;
        if let Some(seconds) = invitation.seconds_to_next_mail() {
            return Err(InvitationError::MailedLately(seconds));
        }
        let budget = self.checked(|reads| self.mail_budget(reads, &invitation.email)).await?;
        if let Some(seconds) = budget.seconds_to_wait() {
            return Err(InvitationError::TooManyMails(seconds));
        }
        let sent = invitation.sent_again();
        let write = mail::put_again(self.write(), (&invitation, &sent), &organization, *self, &budget);
        match write.commit(()).await? {
            Committed::Done(_) => Ok(Some(sent)),
            Committed::Refused(refusals) => refused(refusals),
        }
    }
}
