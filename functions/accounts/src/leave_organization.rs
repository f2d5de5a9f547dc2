use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
};
use shared::{
    App,
    claims::AccountHolder,
    extract::Authenticated,
    ids::OrganizationCode,
    openapi::{Failures, Success, TokenFailures},
    problem::Problem,
    table::LeaveError,
};

use crate::view::account_of;

/// Leaves an organization.
///
/// Ends every role of the caller in the organization. The last admin can't leave.
#[utoipa::path(
    delete,
    path = "/api/users/me/organizations/{IdentityOrganizationId}",
    tag = "Accounts",
    security(("bearer" = [])),
    params(("IdentityOrganizationId" = OrganizationCode, Path, description = "The organization's code.")),
    responses(
        (status = 200, description = "The caller has no role there any more.", body = Success),
        (status = 404, description = "The caller has no role in such an organization.",
            body = Problem, content_type = "application/problem+json"),
        TokenFailures,
        Failures,
    )
)]
pub(crate) async fn leave_organization(
    State(app): State<App>,
    Authenticated(holder): Authenticated<AccountHolder>,
    code: Result<Path<String>, PathRejection>,
) -> Result<Json<Success>, Problem> {
    let code = code.ok().and_then(|Path(code)| OrganizationCode::parse(&code));
    let organization = async {
        match &code {
            Some(code) => app.table.organization_by_code(code).await,
            None => Ok(None),
        }
    };
    let (account, organization) = tokio::join!(account_of(&app, &holder), organization);
    let account = account?;
    let organization = organization?.ok_or(LeaveError::NotAMember)?;
    app.table.leave(&account.user_id, &organization).await?;
    Ok(Json(Success::ANSWER))
}
