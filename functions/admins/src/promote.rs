use axum::{Json, extract::State};
use shared::{
    App,
    openapi::{BodyFailures, Failures, Success, TokenFailures},
    problem::Problem,
    request::{Body, ByPerson, Fields, FromFields},
    text::EmailAddress,
};
use utoipa::ToSchema;

/// Who is to become an admin.
#[derive(ToSchema)]
#[schema(rename_all = "PascalCase")]
pub(crate) struct PromoteAdmin {
    /// The address of an account.
    email: EmailAddress,
}

impl FromFields for PromoteAdmin {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { email: fields.required("Email", EmailAddress::parse)? })
    }
}

/// Makes the owner of an account an admin, with a welcome mail; nothing happens to who is one already.
#[utoipa::path(
    post,
    path = "/api/organizations/users/admins",
    tag = "Admins",
    security(("bearer" = [])),
    request_body = PromoteAdmin,
    responses((status = 200, body = Success), TokenFailures, BodyFailures, Failures)
)]
pub(crate) async fn promote_admin(
    State(app): State<App>,
    ByPerson(admin, Body(request)): ByPerson<Body<PromoteAdmin>>,
) -> Result<Json<Success>, Problem> {
    app.table.organization(&admin).promote(&request.email).await?;
    Ok(Json(Success::YES))
}
