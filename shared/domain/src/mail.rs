//! The identity, kind and status of a mail.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The identity of a mail: the day on which it was put into the outbox, and its id within that day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailId {
    /// The day with its part, as `2026-01-31.07`, or the day alone of a mail of earlier versions.
    pub day: String,
    /// The id within the day.
    pub id: String,
}

/// The kind of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailKind {
    /// To the user who created an organization.
    WelcomeFounder,
    /// To the user who became an admin.
    WelcomeAdmin,
    /// To the user for whom an earlier version made an account, with a link that sets the first password.
    Invitation,
    /// To the person who is invited into an organization, with a link that accepts.
    OrganizationInvitation,
    /// To the new address of an account, with a link that makes it the account's.
    AddressChange,
    /// To the address that an account had before.
    AddressChanged,
    /// To the user who forgot a password, with a link that sets a new one.
    PasswordReset,
    /// To the user whose password was changed or reset.
    PasswordChanged,
    /// To each admin of an organization for which an API key was made.
    ApiKeyCreated,
    /// To the user whose account was bound to an identity provider.
    IdentityBound,
    /// To the user who created an account, with a link that verifies the address.
    #[serde(rename = "address-proof")]
    AddressVerification,
}

impl MailKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::WelcomeFounder,
        Self::WelcomeAdmin,
        Self::Invitation,
        Self::OrganizationInvitation,
        Self::AddressChange,
        Self::AddressChanged,
        Self::PasswordReset,
        Self::PasswordChanged,
        Self::ApiKeyCreated,
        Self::IdentityBound,
        Self::AddressVerification,
    ];

    /// Returns whether the mail brings a link of its own.
    #[must_use]
    pub fn has_link(self) -> bool {
        match self {
            Self::Invitation
            | Self::OrganizationInvitation
            | Self::AddressChange
            | Self::PasswordReset
            | Self::AddressVerification => true,
            Self::WelcomeFounder
            | Self::WelcomeAdmin
            | Self::AddressChanged
            | Self::PasswordChanged
            | Self::ApiKeyCreated
            | Self::IdentityBound => false,
        }
    }

    /// Returns the kind's name in events and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WelcomeFounder => "welcome-founder",
            Self::WelcomeAdmin => "welcome-admin",
            Self::Invitation => "invitation",
            Self::OrganizationInvitation => "organization-invitation",
            Self::AddressChange => "address-change",
            Self::AddressChanged => "address-changed",
            Self::PasswordReset => "password-reset",
            Self::PasswordChanged => "password-changed",
            Self::ApiKeyCreated => "api-key-created",
            Self::IdentityBound => "identity-bound",
            Self::AddressVerification => "address-proof",
        }
    }
}

/// The delivery status of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MailStatus {
    /// The mail will be sent.
    Pending,
    /// The mail was sent.
    Sent,
    /// The mail was refused permanently, came back, or was not sent since an earlier one to its address came back.
    Failed,
}
