use serde::Serialize;
use shared::{
    claims::Role,
    ids::InvitationId,
    rfc3339,
    table::{self, InvitationRecord},
    text::{CustomerNumber, EmailAddress},
};
use utoipa::ToSchema;

/// An invitation.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Invitation)]
pub(crate) struct InvitationResponse {
    invitation_id: InvitationId,
    email: EmailAddress,
    /// What the person is to be.
    #[schema(max_items = 2)]
    roles: Vec<Role>,
    /// The customer that the person is to buy for.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_number: Option<CustomerNumber>,
    status: Status,
    /// When the last link that was mailed expires, RFC 3339 UTC.
    #[schema(format = DateTime)]
    expires_at: String,
    /// The user or the machine that invites, by id.
    invited_by: String,
}

/// What has become of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = InvitationStatus)]
pub(crate) enum Status {
    /// The invitation can be accepted.
    Pending,
    /// The invitation was accepted.
    Accepted,
    /// The invitation was taken back.
    Withdrawn,
    /// Its last link has expired. It can be sent again.
    Expired,
}

impl Status {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "pending" => Some(Self::Pending),
            "accepted" => Some(Self::Accepted),
            "withdrawn" => Some(Self::Withdrawn),
            "expired" => Some(Self::Expired),
            _ => None,
        }
    }
}

impl From<table::InvitationStatus> for Status {
    fn from(status: table::InvitationStatus) -> Self {
        match status {
            table::InvitationStatus::Pending => Self::Pending,
            table::InvitationStatus::Accepted => Self::Accepted,
            table::InvitationStatus::Withdrawn => Self::Withdrawn,
            table::InvitationStatus::Expired => Self::Expired,
        }
    }
}

impl From<InvitationRecord> for InvitationResponse {
    fn from(invitation: InvitationRecord) -> Self {
        Self {
            roles: invitation.roles(),
            status: invitation.status().into(),
            expires_at: rfc3339(invitation.link_expires_at()),
            invitation_id: invitation.id,
            email: invitation.email,
            customer_number: invitation.customer_number,
            invited_by: invitation.invited_by,
        }
    }
}
