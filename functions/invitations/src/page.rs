//! The page that the link of an invitation opens.

use axum::{extract::State, response::Response};
use shared::{
    conditional::Conditions,
    openapi::{ReadConditions, ReadConditionsFail},
    page::Page,
    problem::Problem,
};

use crate::InvitationsApp;

/// Shows the page that the link of an invitation opens.
///
/// On it, the person sees who invites into what, and accepts. The page reads the token from its address, and sends it
/// to
/// `POST /api/invitations/view` and `POST /api/invitations/accept`. To open the page accepts nothing.
#[utoipa::path(
    get,
    path = "/invitations/accept",
    tag = "Invitations",
    params(
        ("token" = Option<String>, Query, description = "The link's token, which the page reads itself."),
        ReadConditions
    ),
    responses(
        (status = 200, description = "The page.", content_type = "text/html",
            headers(("ETag" = String, description = "The page's version"))),
        ReadConditionsFail
    )
)]
pub(crate) async fn show_invitation_page(
    State(state): State<InvitationsApp>,
    conditions: Conditions,
) -> Result<Response, Problem> {
    let (html, script) = (include_str!("../page/accept_invitation.html"), include_str!("../page/accept_invitation.js"));
    Page::new(html, script, &state.brand).answer(&conditions)
}
