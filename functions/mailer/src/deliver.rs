use std::time::Duration;

use rand::random_range;
use shared::table::{Claim, Error, LEASE_SECONDS, Lease, MailId, QueueEntry, QueuedMessage};
use tokio::time::sleep;

use crate::{Mailer, SendError};

/// Retries of marking a mail as sent, and the pause between them, if the table does not answer: half a lease in all.
const MARK_TRIES: u32 = 3;
const MARK_PAUSE: Duration = Duration::from_secs(2);
/// The longest backoff before a mail that SES did not accept is sent again, in seconds.
const MAX_BACKOFF: u64 = 15 * 60;

/// Why a mail is not sent yet.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// Another instance claimed it, and may have stopped before sending it.
    #[error("it is claimed")]
    Claimed,
    /// The outbox is out of reach.
    #[error(transparent)]
    Outbox(#[from] Error),
    /// SES could not take it.
    #[error(transparent)]
    Send(#[from] SendError),
}

impl Mailer {
    /// Does what a message of the queue asks for, unless it was done or has failed before.
    ///
    /// # Errors
    /// Why it is not done yet.
    pub async fn deliver(&self, entry: &QueueEntry) -> Result<(), DeliveryError> {
        let (delivered, id) = match &entry.message {
            QueuedMessage::Mail(id) => (self.deliver_mail(entry, id).await, id.id.as_str()),
            // The mail that this makes has an entry of its own.
            QueuedMessage::ForgottenInvitation(organization, id) => {
                (self.outbox.forget_invitation(entry, organization, id).await.map_err(Into::into), id.as_str())
            }
            QueuedMessage::AddressMove(user) => {
                (self.outbox.finish_address_move(entry, user).await.map_err(Into::into), user.as_str())
            }
            QueuedMessage::ResetRequest(id) => {
                (self.outbox.fulfill_reset(entry).await.map_err(Into::into), id.as_str())
            }
        };
        if let Err(error) = &delivered {
            tracing::warn!(mail = id, %error, "a mail is not sent yet");
        }
        delivered
    }

    async fn deliver_mail(&self, entry: &QueueEntry, id: &MailId) -> Result<(), DeliveryError> {
        let (mail, lease) = match self.outbox.claim(id).await? {
            Claim::Ours(mail, lease) => (mail, lease),
            Claim::Done => return Ok(self.outbox.remove(entry).await?),
            // A sweep finds it once it is due.
            Claim::NotDue => return Ok(()),
            Claim::Leased => return Err(DeliveryError::Claimed),
        };
        let (superseded, undeliverable) =
            tokio::try_join!(self.outbox.is_superseded(&mail), self.outbox.is_undeliverable(&mail))?;
        if superseded {
            self.outbox.mark_superseded(lease).await?;
            tracing::info!(
                mail = id.id,
                kind = mail.kind.as_str(),
                "a mail is not sent: what it tells no longer holds"
            );
            return Ok(());
        }
        if undeliverable {
            self.outbox.mark_failed(lease, "the address can't be mailed").await?;
            tracing::info!(mail = id.id, kind = mail.kind.as_str(), "a mail is not sent: its address can't be mailed");
            return Ok(());
        }
        // Only a refusal of this mail is final. However long SES sends nothing, the mail waits.
        let failed = match self.sender.send(&mail, &self.links).await {
            Ok(()) => {
                self.mark_sent(&lease).await?;
                tracing::info!(mail = id.id, kind = mail.kind.as_str(), "a mail was sent");
                return Ok(());
            }
            Err(error @ SendError::Unavailable(_)) => {
                let pause = pause(lease.age());
                self.outbox.release(lease, pause).await?;
                return Err(error.into());
            }
            // A mail that may have been sent is not sent again before its lease would end.
            Err(error @ SendError::Unanswered(_)) => {
                self.outbox.release(lease, LEASE_SECONDS + 1).await?;
                return Err(error.into());
            }
            Err(error) => error.to_string(),
        };
        self.outbox.mark_failed(lease, &failed).await?;
        // The alarm counts these lines.
        tracing::error!(mail = id.id, kind = mail.kind.as_str(), reason = failed, "a mail has failed");
        Ok(())
    }
}

impl Mailer {
    /// Marks a mail as sent, for as long as the lease is safely ours: without the mark it would be sent again.
    async fn mark_sent(&self, lease: &Lease) -> Result<(), Error> {
        for _ in 0..MARK_TRIES {
            if self.outbox.mark_sent(lease).await.is_ok() {
                return Ok(());
            }
            sleep(MARK_PAUSE).await;
        }
        self.outbox.mark_sent(lease).await
    }
}

/// Seconds before a mail of this age is tried again: the older it is the longer, with jitter.
fn pause(age: u64) -> u64 {
    let longest = age.clamp(4, MAX_BACKOFF);
    random_range(longest / 2..=longest)
}
