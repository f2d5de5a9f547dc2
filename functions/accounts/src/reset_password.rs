use axum::{Json, extract::State};
use shared::{
    openapi::{BodyFailures, Failures, Success},
    password,
    problem::Problem,
    request::{Body, Fields, FromFields},
    table::LinkError,
    text::{EmailAddress, NewPassword},
};
use utoipa::ToSchema;

use crate::AccountsApp;

/// The token of a mailed link, and the password to come.
#[derive(ToSchema)]
#[schema(rename_all = "PascalCase")]
pub(crate) struct ResetPassword {
    token: String,
    password: NewPassword,
}

impl FromFields for ResetPassword {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let token = fields.required("Token", Ok);
        let password = fields.required("Password", NewPassword::parse);
        Some(Self { token: token?, password: password? })
    }
}

/// Sets the password of the account whose mailed link this is, once; it proves the address, and ends every user token from
/// before.
#[utoipa::path(
    post,
    path = "/api/auth/reset-password",
    tag = "Accounts",
    request_body = ResetPassword,
    responses((status = 200, body = Success), BodyFailures, Failures)
)]
pub(crate) async fn reset_password(
    State(state): State<AccountsApp>,
    Body(request): Body<ResetPassword>,
) -> Result<Json<Success>, Problem> {
    let table = &state.app.table;
    let link = state.links.open(&request.token).ok_or(LinkError::Dead)?;
    let link = table.open_link(&link).await?;
    let email = EmailAddress::parse(link.email().to_owned()).map_err(|_| LinkError::Dead)?;
    request.password.differs_from(&email).map_err(|fault| Problem::field("Password", fault))?;
    let hash = password::hash(request.password.expose()).await?;
    table.redeem(&link, &hash).await?;
    Ok(Json(Success::YES))
}
