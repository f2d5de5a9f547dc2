use domain::{
    clock::now,
    ids::{self, LinkId, OrganizationId, UserId},
    language::Language,
    mail::{MailId, MailKind},
    text::{EmailAddress, PersonName},
};
use dynamo::rfc3339;
use serde::{Deserialize, Serialize};

use super::{AdminRecord, CredentialRecord, Delivery, DeliveryStatus, InvitationRecord, OrganizationRecord};
use crate::{
    QueueEntry, QueuedMessage,
    scope::{PartOf, Record},
};

/// The time for which a mail is stored, in seconds.
const RETENTION_SECONDS: u64 = 30 * 24 * 60 * 60;

/// A mail in the outbox.
#[derive(Clone, Serialize, Deserialize)]
pub struct MailRecord {
    /// The kind of mail.
    pub kind: MailKind,
    /// The recipient's address.
    pub to: String,
    /// The recipient's first name.
    pub first_name: String,
    /// The organization that the mail is about, if any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub organization_name: Option<String>,
    /// The names of the person who did what the mail tells, where that is known.
    #[serde(rename = "inviter_name", skip_serializing_if = "Option::is_none", default)]
    pub actor_name: Option<String>,
    /// The language of the mail. Mails from before have none.
    #[serde(default)]
    pub language: Language,
    /// The link in the mail. The mailer makes its token, which is stored nowhere.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub link: Option<LinkId>,
    /// The admin whom the mail welcomes. It is sent only while that admin's item names it. Mails from before don't say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) welcomes: Option<Welcomed>,
    /// The mail's id, with the day of its partition.
    #[serde(flatten)]
    pub id: MailId,
    #[serde(flatten)]
    pub(crate) delivery: Delivery,
    expires_at: u64,
}

/// An admin whom a mail welcomes.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Welcomed {
    pub(crate) organization_id: OrganizationId,
    pub(crate) user_id: UserId,
}

impl Record for MailRecord {
    const ENTITY: &'static str = "mail";
}

impl MailRecord {
    /// A mail to the owner of an account.
    pub(crate) fn new(kind: MailKind, to: &CredentialRecord) -> Self {
        Self { language: to.language, ..Self::addressed(kind, &to.email, &to.first_name) }
    }

    fn addressed(kind: MailKind, to: &str, first_name: &str) -> Self {
        let (created_at, id) = (now(), ids::random_id(24));
        Self {
            kind,
            to: to.to_owned(),
            first_name: first_name.to_owned(),
            organization_name: None,
            actor_name: None,
            language: Language::default(),
            link: None,
            welcomes: None,
            id: MailId { day: partition_of(created_at, &id), id },
            delivery: Delivery::new(created_at),
            expires_at: created_at + RETENTION_SECONDS,
        }
    }

    /// The mail that tells an admin of something new in the organization.
    pub(crate) fn to_admin(kind: MailKind, admin: &AdminRecord, organization: &OrganizationRecord) -> Self {
        Self::addressed(kind, &admin.email, &admin.first_name).about(organization)
    }

    /// The mail that welcomes an admin.
    pub(crate) fn welcome(kind: MailKind, to: &CredentialRecord, organization: &OrganizationRecord) -> Self {
        let welcomes = Welcomed { organization_id: organization.id.clone(), user_id: to.user_id.clone() };
        Self { welcomes: Some(welcomes), ..Self::new(kind, to).about(organization) }
    }

    /// A mail to the owner of an account with a link.
    pub(crate) fn with_link(kind: MailKind, to: &CredentialRecord, link: &LinkId) -> Self {
        Self { link: Some(link.clone()), ..Self::new(kind, to) }
    }

    /// The mail to an address that is to be the account's.
    pub(crate) fn address_change(of: &CredentialRecord, address: &EmailAddress, link: &LinkId) -> Self {
        let mail = Self::addressed(MailKind::AddressChange, address.as_str(), &of.first_name);
        Self { link: Some(link.clone()), language: of.language, ..mail }
    }

    /// The mail of an invitation.
    pub(crate) fn invitation(invitation: &InvitationRecord, organization: &OrganizationRecord, link: &LinkId) -> Self {
        let first_name = invitation.first_name.as_ref().map_or("", PersonName::as_str);
        let mail = Self::addressed(MailKind::OrganizationInvitation, invitation.email.as_str(), first_name);
        let (actor_name, link) = (invitation.inviter_name.clone(), Some(link.clone()));
        Self { actor_name, link, ..mail.about(organization) }
    }

    /// The mail as one about an organization, whose language it has where the organization says one.
    fn about(self, organization: &OrganizationRecord) -> Self {
        let details = &organization.details;
        let language = details.language.unwrap_or(self.language);
        Self { organization_name: Some(details.name.as_str().to_owned()), language, ..self }
    }

    /// The mail as one that tells what the admin of this name did.
    pub(crate) fn by(self, actor_name: Option<&str>) -> Self {
        Self { actor_name: actor_name.map(str::to_owned), ..self }
    }

    /// The mail as one that was put at this time, in seconds since 1970.
    pub(crate) fn made_at(self, seconds: u64) -> Self {
        let id = MailId { day: partition_of(seconds, &self.id.id), ..self.id };
        Self { id, delivery: Delivery::new(seconds), expires_at: seconds + RETENTION_SECONDS, ..self }
    }

    /// Delays a mail by so many seconds.
    pub(crate) fn delayed(self, seconds: u64) -> Self {
        let due_at = Some(self.delivery.created_at + seconds);
        Self { delivery: Delivery { due_at, ..self.delivery }, ..self }
    }

    /// Returns the mail's place in the queue. A mail from before the queue has none.
    pub(crate) fn queue_entry(&self) -> Option<QueueEntry> {
        let due_at = self.delivery.due_at?;
        Some(QueueEntry { due_at, message: QueuedMessage::Mail(self.id.clone()) })
    }

    /// The day that a mail of this time belongs to, as `2026-01-31`.
    pub(crate) fn day(seconds: u64) -> String {
        day_of(seconds)
    }
}

/// The partitions that a day's mails lie in. One took 200 mails a second, and what puts a mail was refused beyond that.
const SHARDS: u8 = 32;

/// Names the partition of a new mail, as `2026-01-31.07`. Mails of earlier versions have the day alone.
fn partition_of(seconds: u64, id: &str) -> String {
    format!("{}.{:02}", day_of(seconds), id.bytes().fold(0, u8::wrapping_add) % SHARDS)
}

fn day_of(seconds: u64) -> String {
    rfc3339(seconds).get(..10).unwrap_or_default().to_owned()
}

/// A mail's id and delivery status.
#[derive(Deserialize)]
pub(crate) struct MailStatusOf {
    #[serde(flatten)]
    pub(crate) id: MailId,
    pub(crate) status: DeliveryStatus,
}

impl PartOf<MailRecord> for MailStatusOf {}
