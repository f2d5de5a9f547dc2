use axum::{Json, extract::State};
use shared::{
    App,
    openapi::{Failures, TokenFailures},
    problem::{FieldCode, Problem},
    request::{AdminRequest, Fields, Query, Read},
};
use utoipa::IntoParams;

use crate::response::{InvitationResponse, Status};

shared::request! {
    /// The parameters of the list.
    #[derive(IntoParams)]
    #[into_params(rename_all = "PascalCase", parameter_in = Query)]
    pub(crate) struct ListInvitationsRequest {
        /// Only invitations of this status.
        #[param(value_type = Option<Status>, inline)]
        status: Option<Status> = status,
    }
}

fn status(fields: &mut Fields<'_>, name: &str) -> Read<Option<Status>> {
    let status = |text: String| {
        let rule = "must be pending, accepted, withdrawn or expired";
        Status::parse(&text).ok_or_else(|| FieldCode::NotAllowed.says(rule))
    };
    fields.text(name, status).optional()
}

/// Lists the organization's invitations.
///
/// Those of the last 30 days, the newest first. One that was sent again counts by its last mail.
#[utoipa::path(
    get,
    path = "/api/organizations/invitations",
    tag = "Invitations",
    security(("bearer" = []), ("key" = [])),
    params(ListInvitationsRequest),
    responses((status = 200, description = "The invitations.", body = [InvitationResponse]), TokenFailures, Failures)
)]
pub(crate) async fn list_invitations(
    State(app): State<App>,
    AdminRequest(admin, Query(query)): AdminRequest<Query<ListInvitationsRequest>>,
) -> Result<Json<Vec<InvitationResponse>>, Problem> {
    let invitations = app.table.organization(&admin).invitations().await?;
    let wanted = invitations
        .into_iter()
        .filter(|invitation| query.status.is_none_or(|status| Status::from(invitation.status()) == status));
    Ok(Json(wanted.map(InvitationResponse::from).collect()))
}
