use rand::random_range;
use shared::table::{Claim, Error, MailId};

use crate::{Mailer, SendError};

/// The longest pause before a mail that SES couldn't take is tried again, in seconds.
const LONGEST_PAUSE: u64 = 15 * 60;

/// Why a mail is not sent yet.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// Another instance claimed it, and may have stopped before sending it; or it has to wait before it is tried again.
    #[error("it is claimed, or waits to be tried again")]
    Claimed,
    /// The outbox is out of reach.
    #[error(transparent)]
    Outbox(#[from] Error),
    /// SES could not take it.
    #[error(transparent)]
    Send(#[from] SendError),
}

impl Mailer {
    /// Sends one mail, unless it was sent or has failed before.
    ///
    /// # Errors
    /// Why it is not sent yet.
    pub async fn deliver(&self, id: &MailId) -> Result<(), DeliveryError> {
        let delivered = self.try_to_deliver(id).await;
        if let Err(error) = &delivered {
            tracing::warn!(mail = id.id, %error, "a mail is not sent yet");
        }
        delivered
    }

    async fn try_to_deliver(&self, id: &MailId) -> Result<(), DeliveryError> {
        let (mail, lease) = match self.outbox.claim(id).await? {
            Claim::Ours(mail, lease) => (mail, lease),
            Claim::Done => return Ok(()),
            Claim::Leased => return Err(DeliveryError::Claimed),
        };
        let failed = if lease.is_overdue() {
            "unsent for six hours".to_owned()
        } else {
            match self.sender.send(&mail).await {
                Ok(()) => {
                    self.outbox.mark_sent(lease).await?;
                    tracing::info!(mail = id.id, kind = mail.kind.as_str(), "a mail was sent");
                    return Ok(());
                }
                Err(error @ SendError::Unavailable(_)) => {
                    let pause = pause(lease.age());
                    self.outbox.release(lease, pause).await?;
                    return Err(error.into());
                }
                // The lease stays: a mail that may have been sent is not sent again before it ends.
                Err(error @ SendError::Unanswered(_)) => return Err(error.into()),
                Err(error) => error.to_string(),
            }
        };
        self.outbox.mark_failed(lease, &failed).await?;
        // The alarm counts these lines.
        tracing::error!(mail = id.id, kind = mail.kind.as_str(), reason = failed, "a mail has failed");
        Ok(())
    }
}

/// Seconds before a mail of this age is tried again: the older it is the longer, with jitter.
fn pause(age: u64) -> u64 {
    let longest = age.clamp(2, LONGEST_PAUSE);
    random_range(longest / 2..=longest)
}
