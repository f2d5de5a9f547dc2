use axum::{Json, extract::State};
use shared::{
    guessable::PublicFacts,
    openapi::{BodyFailures, Failures, Success},
    password,
    problem::Problem,
    request::Body,
    source::RequestSource,
    table::LinkError,
    text::{EmailAddress, NewPassword},
};
use utoipa::ToSchema;

use crate::AccountsApp;

shared::request! {
    /// The token of a mailed link, and the password to come.
    #[derive(ToSchema)]
    #[schema(as = ResetPassword, rename_all = "PascalCase")]
    pub(crate) struct ResetPasswordRequest {
        token: String,
        password: NewPassword,
    }
}

/// Sets a password by a mailed link.
///
/// The link works once. It verifies the account's address, and every token of the account from before ends.
#[utoipa::path(
    post,
    path = "/api/auth/reset-password",
    tag = "Accounts",
    request_body = ResetPasswordRequest,
    responses((status = 200, description = "The password is set.", body = Success), BodyFailures, Failures)
)]
pub(crate) async fn reset_password(
    State(state): State<AccountsApp>,
    RequestSource(source): RequestSource,
    Body(request): Body<ResetPasswordRequest>,
) -> Result<Json<Success>, Problem> {
    let table = &state.app.table;
    let link = state.links.verify(&request.token).ok_or(LinkError::Dead)?;
    let link = table.open_link(&link).await?;
    let email = EmailAddress::stored(link.email()).ok_or(LinkError::Dead)?;
    let (first_name, last_name) = link.owner_names();
    let (first_name, last_name) = (Some(first_name), Some(last_name));
    let facts = PublicFacts { email: Some(&email), first_name, last_name, organization: None };
    facts.refuse_guessable(&request.password).map_err(|fault| Problem::field("Password", fault))?;
    let hash = password::hash(request.password.expose()).await?;
    // Strangers who guess on can't keep the owner from signing in here with the new password.
    let attempts = table.login_attempts(&email, &source);
    let (redeemed, ()) = tokio::join!(table.redeem(&link, &hash), attempts.note_proof());
    redeemed?;
    Ok(Json(Success::ANSWER))
}
