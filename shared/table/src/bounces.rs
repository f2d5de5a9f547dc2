//! Addresses that can't be mailed, and what SES says of a mail after it took it.
//!
//! An address is not mailed from the moment at which a mail to it bounced, or its owner complained of one, until it is
//! proven anew. Only the owner can do that, by a link in a mail. So mails whose link proves the address go again after a
//! day: each of them that bounces begins another day.

use domain::{
    mail::{MailId, MailKind},
    text::FoldedAddress,
};
use dynamo::{Expression, number, text};

use crate::{
    Error, Outbox,
    records::{BouncedAddressRecord, MailRecord, ProvenAt},
    scope::{Record, keys},
};

/// Seconds after a bounce in which nothing goes to the address.
const SILENCE_SECONDS: u64 = 24 * 60 * 60;
/// Seconds for which an address is kept that nobody proves anew.
const RETENTION_SECONDS: u64 = 365 * 24 * 60 * 60;

/// What SES says of a mail after it took it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feedback {
    /// The address takes no mail.
    Bounced,
    /// The mail was delivered, and its addressee calls it spam.
    Complained,
    /// SES found a virus in the mail and did not send it.
    Rejected,
}

impl Feedback {
    /// The word for it in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bounced => "bounced",
            Self::Complained => "complained",
            Self::Rejected => "rejected",
        }
    }

    fn is_about_the_address(self) -> bool {
        matches!(self, Self::Bounced | Self::Complained)
    }

    /// A mail of which somebody complains has arrived.
    fn fails_the_mail(self) -> bool {
        matches!(self, Self::Bounced | Self::Rejected)
    }
}

impl Outbox {
    /// Takes what SES said of a mail: it has failed, and its address is not mailed any more. A proof that is older than
    /// `at`, in seconds since the epoch, no longer counts. Returns the mail's kind, or `None` if the mail is not known.
    /// The caller may tell it twice.
    ///
    /// # Errors
    /// The table is out of reach: it has to be told again.
    pub async fn take_feedback(&self, id: &MailId, feedback: Feedback, at: u64) -> Result<Option<MailKind>, Error> {
        let Some(mail) = self.table().get(keys::mail(id)).await? else { return Ok(None) };
        if feedback.is_about_the_address() {
            let bounced = Expression::update("SET bounced_at = :at, expires_at = :end, entity = :entity")
                .and_condition("attribute_not_exists(bounced_at) OR bounced_at < :at")
                .value(":at", number(at))
                .value(":end", number(at + RETENTION_SECONDS))
                .value(":entity", text(BouncedAddressRecord::ENTITY));
            let address = FoldedAddress::of(&mail.to);
            // A refusal means that a later bounce is known.
            self.table().update_or_create(keys::bounced_address(&address), &bounced).await?;
        }
        if feedback.fails_the_mail() {
            // The mailer may not have marked the mail as sent yet. It then finds the mail to have failed.
            let failed = Expression::update("SET #status = :failed, failed_because = :reason")
                .and_condition("#status IN (:sent, :pending)")
                .name("#status", "status")
                .value(":failed", text("failed"))
                .value(":reason", text(feedback.as_str()))
                .value(":sent", text("sent"))
                .value(":pending", text("pending"));
            self.table().try_to_update(keys::mail(id), &failed).await?;
        }
        Ok(Some(mail.kind))
    }

    /// Returns whether a mail must not be sent, since its address can't be mailed. One read, and one more of an address
    /// that a mail bounced at.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn is_undeliverable(&self, mail: &MailRecord) -> Result<bool, Error> {
        let address = FoldedAddress::of(&mail.to);
        let Some(bounced) = self.table().get(keys::bounced_address(&address)).await? else { return Ok(false) };
        if brings_a_proof(mail.kind) && bounced.bounced_at + SILENCE_SECONDS <= self.now() {
            return Ok(false);
        }
        let credential = self.table().batch_get([keys::credential(&address)], &ProvenAt::ATTRIBUTES).await?.pop();
        let proven_at = credential.and_then(|credential: ProvenAt| credential.proven_at);
        Ok(proven_at.is_none_or(|proven_at| proven_at < bounced.bounced_at))
    }
}

/// Whether the link of such a mail proves the address of somebody who belongs to no organization yet, too.
fn brings_a_proof(kind: MailKind) -> bool {
    matches!(kind, MailKind::PasswordReset | MailKind::AddressVerification | MailKind::AddressChange)
}
