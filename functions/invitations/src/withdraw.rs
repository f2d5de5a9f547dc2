use axum::{Json, extract::State};
use shared::{
    App,
    ids::InvitationId,
    openapi::{Failures, NoSuchInvitation, Success, TokenFailures},
    problem::Problem,
    request::AdminRequest,
};

use crate::id::IdInPath;

/// Withdraws an invitation.
///
/// Its links are dead from then on. One that was accepted can't be withdrawn: the user is removed instead.
#[utoipa::path(
    delete,
    path = "/api/organizations/invitations/{InvitationId}",
    tag = "Invitations",
    security(("bearer" = []), ("key" = [])),
    params(("InvitationId" = InvitationId, Path)),
    responses(
        (status = 200, description = "The invitation is withdrawn.", body = Success),
        NoSuchInvitation, TokenFailures, Failures
    )
)]
pub(crate) async fn withdraw_invitation(
    State(app): State<App>,
    AdminRequest(admin, IdInPath(id)): AdminRequest<IdInPath>,
) -> Result<Json<Success>, Problem> {
    app.table.organization(&admin).withdraw_invitation(&id).await?;
    Ok(Json(Success::ANSWER))
}
