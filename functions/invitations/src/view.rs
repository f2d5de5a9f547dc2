use axum::{Json, extract::State};
use serde::Serialize;
use shared::{
    claims::Role,
    openapi::{BodyFailures, Failures},
    problem::Problem,
    request::Body,
    table::{LinkError, OpenInvitation},
    text::{CustomerNumber, EmailAddress, PersonName},
};
use utoipa::ToSchema;

use crate::InvitationsApp;

shared::request! {
    /// The token of an invitation's mailed link.
    #[derive(ToSchema)]
    #[schema(as = ViewInvitation, rename_all = "PascalCase")]
    pub(crate) struct ViewInvitationRequest {
        token: String,
    }
}

/// Who invites into what, and what the acceptance needs.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InvitationView {
    /// The organization's name.
    organization_name: String,
    /// The names of the person who invites. Left out if a machine does.
    #[serde(skip_serializing_if = "Option::is_none")]
    inviter_name: Option<String>,
    /// The invited address.
    email: EmailAddress,
    /// What the person is to be.
    #[schema(max_items = 2)]
    roles: Vec<Role>,
    /// The customer that the person is to buy for.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_number: Option<CustomerNumber>,
    /// The first name, where the inviter says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<PersonName>,
    /// The last name, where the inviter says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<PersonName>,
    /// Whether the address has no account yet: the acceptance needs a password, and the names that are left out here.
    makes_account: bool,
    /// Whether the account's password ends, since nobody had proven the address. A new one may be sent along.
    ends_password: bool,
}

impl From<OpenInvitation> for InvitationView {
    fn from(open: OpenInvitation) -> Self {
        let invitation = open.invitation();
        Self {
            organization_name: open.organization().details.name.as_str().to_owned(),
            inviter_name: invitation.inviter_name.clone(),
            email: invitation.email.clone(),
            roles: invitation.roles(),
            customer_number: invitation.customer_number.clone(),
            first_name: invitation.first_name.clone(),
            last_name: invitation.last_name.clone(),
            makes_account: open.makes_account(),
            ends_password: open.ends_password(),
        }
    }
}

/// Shows an invitation to whoever has its mailed link.
///
/// Nobody else learns whether the address has an account. The token is in the body, so that no log has it.
#[utoipa::path(
    post,
    path = "/api/invitations/view",
    tag = "Invitations",
    request_body = ViewInvitationRequest,
    responses(
        (status = 200, description = "Who invites into what.", body = InvitationView),
        BodyFailures, Failures
    )
)]
pub(crate) async fn view_invitation(
    State(state): State<InvitationsApp>,
    Body(request): Body<ViewInvitationRequest>,
) -> Result<Json<InvitationView>, Problem> {
    let link = state.links.verify(&request.token).ok_or(LinkError::Dead)?;
    Ok(Json(state.app.table.open_invitation(&link).await?.into()))
}
