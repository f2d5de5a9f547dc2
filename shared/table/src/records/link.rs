use domain::{
    ids::{InvitationId, LinkId, OrganizationId},
    mail::MailKind,
    text::{EmailAddress, FoldedAddress},
};
use dynamo::{Expression, text};
use serde::{Deserialize, Serialize};

use super::CredentialRecord;
use crate::scope::Record;

const HOUR_SECONDS: u64 = 60 * 60;

/// The purpose of a mailed link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkKind {
    /// An earlier version's invitation, which made an account without a password.
    Invitation,
    /// Another address of an account, which the link's use makes the account's.
    #[serde(rename = "address-change")]
    AddressChange,
    /// An invitation into an organization, which makes no account before it is accepted.
    #[serde(rename = "organization-invitation")]
    OrganizationInvitation,
    /// A forgotten password.
    Reset,
    /// The verification of a new account's address.
    #[serde(rename = "proof")]
    Verification,
}

impl LinkKind {
    /// The lifetime of the link, in seconds.
    #[must_use]
    pub fn lifetime_seconds(self) -> u64 {
        match self {
            Self::Invitation | Self::OrganizationInvitation | Self::Verification | Self::AddressChange => {
                72 * HOUR_SECONDS
            }
            Self::Reset => HOUR_SECONDS,
        }
    }

    /// The link that a mail of this kind contains, if it has one.
    pub(crate) fn in_mail(kind: MailKind) -> Option<Self> {
        let all =
            [Self::Invitation, Self::AddressChange, Self::OrganizationInvitation, Self::Reset, Self::Verification];
        all.into_iter().find(|link| link.mail_kind() == kind)
    }

    /// The mail that contains the link.
    pub(crate) fn mail_kind(self) -> MailKind {
        match self {
            Self::Invitation => MailKind::Invitation,
            Self::OrganizationInvitation => MailKind::OrganizationInvitation,
            Self::AddressChange => MailKind::AddressChange,
            Self::Reset => MailKind::PasswordReset,
            Self::Verification => MailKind::AddressVerification,
        }
    }
}

/// A mailed link that has not been used yet.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct LinkRecord {
    pub(crate) kind: LinkKind,
    /// The recipient's address. A link of an address without an account leads nowhere, but that of an invitation.
    pub(crate) address: FoldedAddress,
    /// The credential's when the link was made. A link from before generations has none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) password_generation: Option<String>,
    /// The address that the link makes the account's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) new_address: Option<EmailAddress>,
    /// The invitation that the link accepts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) invitation: Option<InvitationReference>,
    pub(crate) expires_at: u64,
}

/// Where an invitation is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InvitationReference {
    pub(crate) organization_id: OrganizationId,
    pub(crate) invitation_id: InvitationId,
}

impl Record for LinkRecord {
    const ENTITY: &'static str = "link";
}

impl LinkRecord {
    /// Returns whether the password is still the one of when the link was made. `id` is the link's own.
    pub(crate) fn is_good_for(&self, id: &LinkId, credential: &CredentialRecord) -> bool {
        match &self.password_generation {
            Some(generation) => *generation == credential.password_generation,
            None => self.invitation.is_none() && credential.link_id.as_ref() == Some(id),
        }
    }

    /// Returns [`Self::is_good_for`] as a condition on the credential.
    pub(crate) fn still_good(&self, id: &LinkId) -> Expression {
        match self.password_generation.as_deref() {
            Some("") => Expression::condition("attribute_not_exists(password_generation)"),
            Some(generation) => {
                Expression::condition("password_generation = :generation").value(":generation", text(generation))
            }
            None => Expression::condition("link_id = :link").value(":link", text(id.as_str())),
        }
    }
}
