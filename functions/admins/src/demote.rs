use axum::{Json, extract::State};
use shared::{
    App,
    ids::UserId,
    openapi::{BodyFailures, Failures, Success, TokenFailures},
    problem::Problem,
    request::{BodyOrQuery, Fields, FromFields, HumanAdminRequest},
};
use utoipa::{IntoParams, ToSchema};

/// Who is to lose the admin role: in the body or, for clients that drop a DELETE's body, in the query.
#[derive(ToSchema, IntoParams)]
#[schema(rename_all = "PascalCase")]
#[into_params(rename_all = "PascalCase", parameter_in = Query)]
pub(crate) struct DemoteAdmin {
    /// One of the organization's admins.
    #[param(value_type = Option<String>)]
    user_id: UserId,
}

impl FromFields for DemoteAdmin {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let user_id = fields.required("UserId", |text| {
            // What is no user id at all is answered as any other that isn't an admin here.
            UserId::parse(&text).ok_or_else(|| "is not an admin of this organization".to_owned())
        });
        Some(Self { user_id: user_id? })
    }
}

/// Takes the admin role from an admin; the last one keeps it.
#[utoipa::path(
    delete,
    path = "/api/organizations/users/admins",
    tag = "Admins",
    security(("bearer" = [])),
    params(DemoteAdmin),
    request_body(content = Option<DemoteAdmin>),
    responses((status = 200, body = Success), TokenFailures, BodyFailures, Failures)
)]
pub(crate) async fn demote_admin(
    State(app): State<App>,
    HumanAdminRequest(admin, BodyOrQuery(request)): HumanAdminRequest<BodyOrQuery<DemoteAdmin>>,
) -> Result<Json<Success>, Problem> {
    app.table.organization(&admin).demote(&request.user_id).await?;
    Ok(Json(Success::YES))
}
