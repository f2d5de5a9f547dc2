use axum::{Json, extract::State, http::StatusCode};
use shared::{
    App,
    claims::AccountHolder,
    extract::Authenticated,
    openapi::{BodyFailures, Failures, LimitFailures, Success, TokenFailures},
    password,
    problem::{FieldCode, Problem},
    request::Body,
    source::RequestSource,
    table::{LinkError, SessionEnded},
    text::EmailAddress,
};
use utoipa::ToSchema;

use crate::{AccountsApp, view::account_of};

shared::request! {
    /// The address to come, and the caller's present password.
    #[derive(ToSchema)]
    #[schema(as = ChangeEmail, rename_all = "PascalCase")]
    pub(crate) struct ChangeEmailRequest {
        email: EmailAddress,
        #[schema(format = "password")]
        password: String,
    }
}

shared::request! {
    /// The token of the mailed link.
    #[derive(ToSchema)]
    #[schema(as = ConfirmEmail, rename_all = "PascalCase")]
    pub(crate) struct ConfirmEmailRequest {
        token: String,
    }
}

/// Asks for another e-mail address of the caller's account.
///
/// A link is mailed to the new address, at most three an hour, and makes it the account's. Until then nothing changes.
/// The answer doesn't tell whether another account has the address.
#[utoipa::path(
    post,
    path = "/api/users/me/email",
    tag = "Accounts",
    security(("bearer" = [])),
    request_body = ChangeEmailRequest,
    responses(
        (status = 202, description = "A link follows to the new address."),
        TokenFailures, BodyFailures, LimitFailures, Failures
    )
)]
pub(crate) async fn change_email(
    State(app): State<App>,
    Authenticated(holder): Authenticated<AccountHolder>,
    RequestSource(source): RequestSource,
    body: Result<Body<ChangeEmailRequest>, Problem>,
) -> Result<StatusCode, Problem> {
    // A token that no longer holds wins over a body that can't be used.
    let account = account_of(&app, &holder).await?;
    let Body(request) = body?;
    let email = EmailAddress::stored(&account.email).ok_or(SessionEnded)?;
    let attempts = app.table.login_attempts(&email, &source);
    let (credential, allowed) = tokio::join!(app.table.credential(&email), attempts.check());
    let attempt = allowed?;
    let credential = credential?.filter(|credential| credential.user_id == account.user_id).ok_or(SessionEnded)?;
    let hash = credential.password_hash.as_deref();
    if !password::verify(&request.password, hash).await? {
        let refused = Problem::field("Password", FieldCode::WrongPassword.says("is wrong"));
        return Err(refused.with_attempts_left(attempt.record_failure(hash).await?));
    }
    // Again, for the failures that were counted while the password was verified.
    attempt.check_again().await?;
    app.table.request_address_change(&credential, &request.email, &source).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Makes an address the account's, by a mailed link.
///
/// The link was mailed to the address, and works once. Roles, sign-ins and the password stay; the address from before
/// is told by mail.
#[utoipa::path(
    post,
    path = "/api/auth/confirm-email",
    tag = "Accounts",
    request_body = ConfirmEmailRequest,
    responses((status = 200, description = "The address is the account's.", body = Success), BodyFailures, Failures)
)]
pub(crate) async fn confirm_email(
    State(state): State<AccountsApp>,
    RequestSource(source): RequestSource,
    Body(request): Body<ConfirmEmailRequest>,
) -> Result<Json<Success>, Problem> {
    let table = &state.app.table;
    let link = state.links.verify(&request.token).ok_or(LinkError::Dead)?;
    let address = table.confirm_address_change(&link).await?;
    // Strangers who guessed at the address before can't keep its owner from signing in here.
    table.login_attempts(&address, &source).note_proof().await;
    Ok(Json(Success::ANSWER))
}
