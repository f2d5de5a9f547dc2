use axum::{Json, extract::State};
use shared::{
    App,
    ids::UserId,
    openapi::{BodyFailures, Failures, Success, TokenFailures},
    problem::{FieldCode, Problem},
    request::{BodyOrQuery, Fields, HumanAdminRequest},
};
use utoipa::{IntoParams, ToSchema};

shared::request! {
    /// The admin who loses the role: in the body or, for clients that drop a DELETE's body, in the query.
    #[derive(ToSchema, IntoParams)]
    #[schema(as = DemoteAdmin, rename_all = "PascalCase")]
    #[into_params(rename_all = "PascalCase", parameter_in = Query)]
    pub(crate) struct DemoteAdminRequest {
        /// One of the organization's admins.
        #[param(value_type = Option<String>)]
        user_id: UserId = user_id,
    }
}

/// A text that is no user id at all is answered as any other user who isn't an admin here.
fn user_id(fields: &mut Fields<'_>, name: &str) -> Option<UserId> {
    fields.required(name, |text| {
        UserId::parse(&text).ok_or_else(|| FieldCode::NotAnAdmin.says("is not an admin of this organization"))
    })
}

/// Takes the admin role from an admin.
///
/// The last admin keeps the role. The user is named in the body or in the query. From the next call on, the user's
/// tokens are refused here.
#[utoipa::path(
    delete,
    path = "/api/organizations/users/admins",
    tag = "Admins",
    security(("bearer" = [])),
    params(DemoteAdminRequest),
    request_body(content = Option<DemoteAdminRequest>),
    responses(
        (status = 200, description = "The user is no admin any more.", body = Success),
        TokenFailures, BodyFailures, Failures
    )
)]
pub(crate) async fn demote_admin(
    State(app): State<App>,
    HumanAdminRequest(admin, BodyOrQuery(request)): HumanAdminRequest<BodyOrQuery<DemoteAdminRequest>>,
) -> Result<Json<Success>, Problem> {
    app.table.organization(&admin).demote(&request.user_id).await?;
    Ok(Json(Success::ANSWER))
}
