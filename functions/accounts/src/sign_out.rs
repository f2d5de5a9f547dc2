use axum::{Json, extract::State};
use shared::{
    App,
    claims::AccountHolder,
    extract::Authenticated,
    openapi::{Failures, Success, TokenFailures},
    problem::Problem,
};

use crate::view::account_of;

/// Signs out everywhere.
///
/// Ends every token of the caller's account from before, on every device: user tokens at once, and organization tokens
/// on this API.
#[utoipa::path(
    post,
    path = "/api/auth/logout",
    tag = "Sign-in",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Every token from before has ended.", body = Success),
        TokenFailures, Failures
    )
)]
pub(crate) async fn sign_out(
    State(app): State<App>,
    Authenticated(holder): Authenticated<AccountHolder>,
) -> Result<Json<Success>, Problem> {
    let account = account_of(&app, &holder).await?;
    app.table.sign_out(&account).await?;
    Ok(Json(Success::ANSWER))
}
