use axum::{Json, extract::State};
use shared::{
    App,
    ids::InvitationId,
    openapi::{Failures, LimitFailures, NoSuchInvitation, TokenFailures},
    problem::Problem,
    request::AdminRequest,
};

use crate::{id::IdInPath, response::InvitationResponse};

/// Sends an invitation again.
///
/// Mails another link, also where the last one has expired. Earlier links stay good until they expire. Within an hour
/// of the last mail it is 429.
#[utoipa::path(
    post,
    path = "/api/organizations/invitations/{InvitationId}/resend",
    tag = "Invitations",
    security(("bearer" = []), ("key" = [])),
    params(("InvitationId" = InvitationId, Path)),
    responses(
        (status = 200, description = "The invitation as it is now.", body = InvitationResponse),
        NoSuchInvitation, TokenFailures, LimitFailures, Failures
    )
)]
pub(crate) async fn resend_invitation(
    State(app): State<App>,
    AdminRequest(admin, IdInPath(id)): AdminRequest<IdInPath>,
) -> Result<Json<InvitationResponse>, Problem> {
    let sent = app.table.organization(&admin).resend_invitation(&id).await?;
    Ok(Json(sent.into()))
}
