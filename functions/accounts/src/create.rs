use axum::{Json, extract::State};
use serde::Serialize;
use shared::{
    App,
    account::NewUser,
    ids::UserId,
    openapi::{BodyFailures, Failures},
    problem::Problem,
    request::Body,
    text::{EmailAddress, PersonName},
};
use utoipa::ToSchema;

/// The new account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatedUser {
    user_id: UserId,
    email: EmailAddress,
    first_name: PersonName,
    last_name: PersonName,
}

/// Makes an account.
#[utoipa::path(
    post,
    path = "/api/users",
    tag = "Accounts",
    request_body = NewUser,
    responses((status = 200, body = CreatedUser), BodyFailures, Failures)
)]
pub(crate) async fn create_user(
    State(app): State<App>,
    Body(user): Body<NewUser>,
) -> Result<Json<CreatedUser>, Problem> {
    let account = user.to_account().await?;
    app.table.create_account(&account).await?;
    Ok(Json(CreatedUser {
        user_id: account.user_id,
        email: account.email,
        first_name: account.first_name,
        last_name: account.last_name,
    }))
}
