use axum::{Json, extract::State};
use shared::{
    App,
    claims::AccountHolder,
    extract::Authenticated,
    guessable::PublicFacts,
    openapi::{BodyFailures, Failures, LimitFailures, Success, TokenFailures},
    password,
    problem::{FieldCode, Problem},
    request::Body,
    source::RequestSource,
    table::SessionEnded,
    text::{EmailAddress, NewPassword},
};
use utoipa::ToSchema;

use crate::view::account_of;

shared::request! {
    /// The caller's old password, and the one to come.
    #[derive(ToSchema)]
    #[schema(as = ChangePassword, rename_all = "PascalCase")]
    pub(crate) struct ChangePasswordRequest {
        #[schema(format = "password")]
        old_password: String,
        password: NewPassword,
    }
}

/// Changes the caller's password.
///
/// Needs the present password. Every token of the account from before ends, so the caller signs in anew.
#[utoipa::path(
    post,
    path = "/api/users/me/password",
    tag = "Accounts",
    security(("bearer" = [])),
    request_body = ChangePasswordRequest,
    responses(
        (status = 200, description = "The password is changed.", body = Success),
        TokenFailures, BodyFailures, LimitFailures, Failures
    )
)]
pub(crate) async fn change_password(
    State(app): State<App>,
    Authenticated(holder): Authenticated<AccountHolder>,
    RequestSource(source): RequestSource,
    body: Result<Body<ChangePasswordRequest>, Problem>,
) -> Result<Json<Success>, Problem> {
    // A token that no longer holds wins over a body that can't be used.
    let account = account_of(&app, &holder).await?;
    let Body(request) = body?;
    let email = EmailAddress::stored(&account.email).ok_or(SessionEnded)?;
    let facts = PublicFacts {
        email: Some(&email),
        first_name: Some(&account.first_name),
        last_name: Some(&account.last_name),
        organization: None,
    };
    facts.refuse_guessable(&request.password).map_err(|fault| Problem::field("Password", fault))?;
    let attempts = app.table.login_attempts(&email, &source);
    let (credential, allowed) = tokio::join!(app.table.credential(&email), attempts.check());
    let attempt = allowed?;
    let credential = credential?.filter(|credential| credential.user_id == account.user_id).ok_or(SessionEnded)?;
    let hash = credential.password_hash.as_deref();
    if !password::verify(&request.old_password, hash).await? {
        let error = FieldCode::WrongPassword.says("is wrong");
        let refused = Problem::field("OldPassword", error);
        return Err(refused.with_attempts_left(attempt.record_failure(hash).await?));
    }
    // Again, for the failures that were counted while the password was verified.
    attempt.check_again().await?;
    let hash = password::hash(request.password.expose()).await?;
    app.table.change_password(&credential, &hash).await?;
    Ok(Json(Success::ANSWER))
}
