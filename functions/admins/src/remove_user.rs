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
    /// The user who is removed: in the body or, for clients that drop a DELETE's body, in the query.
    #[derive(ToSchema, IntoParams)]
    #[schema(as = RemoveUser, rename_all = "PascalCase")]
    #[into_params(rename_all = "PascalCase", parameter_in = Query)]
    pub(crate) struct RemoveUserRequest {
        /// One of the organization's users.
        #[param(value_type = Option<String>)]
        user_id: UserId = user_id,
    }
}

/// A text that is no user id at all is answered as any other user who doesn't belong here.
fn user_id(fields: &mut Fields<'_>, name: &str) -> Option<UserId> {
    fields.required(name, |text| {
        UserId::parse(&text).ok_or_else(|| FieldCode::UserNotFound.says("is no user of this organization"))
    })
}

/// Removes a user from the organization.
///
/// Every role of the user here ends, and so does the association with a customer. The last admin stays. The account
/// itself stays as it is. A person who is invited is so no more.
#[utoipa::path(
    delete,
    path = "/api/organizations/users",
    tag = "Users",
    security(("bearer" = [])),
    params(RemoveUserRequest),
    request_body(content = Option<RemoveUserRequest>),
    responses(
        (status = 200, description = "The user has no role here any more.", body = Success),
        TokenFailures, BodyFailures, Failures
    )
)]
pub(crate) async fn remove_user(
    State(app): State<App>,
    HumanAdminRequest(admin, BodyOrQuery(request)): HumanAdminRequest<BodyOrQuery<RemoveUserRequest>>,
) -> Result<Json<Success>, Problem> {
    app.table.organization(&admin).remove_user(&request.user_id).await?;
    Ok(Json(Success::ANSWER))
}
