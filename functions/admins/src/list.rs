use axum::{Json, extract::State};
use serde::Serialize;
use shared::{
    App,
    claims::{Admin, Role},
    ids::UserId,
    openapi::{Failures, TokenFailures},
    problem::Problem,
};
use utoipa::ToSchema;

/// An admin.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Admin)]
pub(crate) struct AdminEntry {
    id: UserId,
    email: String,
    first_name: String,
    last_name: String,
    roles: [Role; 1],
}

/// Lists the organization's admins by user id.
#[utoipa::path(
    get,
    path = "/api/organizations/users/admins",
    tag = "Admins",
    security(("bearer" = [])),
    responses((status = 200, body = [AdminEntry]), TokenFailures, Failures)
)]
pub(crate) async fn list_admins(State(app): State<App>, admin: Admin) -> Result<Json<Vec<AdminEntry>>, Problem> {
    let admins = app.table.organization(&admin).admins().await?;
    let entries = admins.into_iter().map(|admin| AdminEntry {
        id: admin.user_id,
        email: admin.email,
        first_name: admin.first_name,
        last_name: admin.last_name,
        roles: [Role::Admin],
    });
    Ok(Json(entries.collect()))
}
