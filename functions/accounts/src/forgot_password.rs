use axum::{extract::State, http::StatusCode};
use shared::{
    App,
    openapi::{BodyFailures, Failures, LimitFailures},
    problem::Problem,
    request::Body,
    source::RequestSource,
    text::EmailAddress,
};
use utoipa::ToSchema;

shared::request! {
    /// The address of the account.
    #[derive(ToSchema)]
    #[schema(as = ForgotPassword, rename_all = "PascalCase")]
    pub(crate) struct ForgotPasswordRequest {
        email: String,
    }
}

/// Mails a link that sets a new password.
///
/// At most three mails an hour go to an address that has an account. The answer is the same in every case.
#[utoipa::path(
    post,
    path = "/api/auth/forgot-password",
    tag = "Accounts",
    request_body = ForgotPasswordRequest,
    responses(
        (status = 202, description = "If the address has an account, a mail follows."),
        BodyFailures, LimitFailures, Failures
    )
)]
pub(crate) async fn forgot_password(
    State(app): State<App>,
    RequestSource(source): RequestSource,
    Body(request): Body<ForgotPasswordRequest>,
) -> Result<StatusCode, Problem> {
    if let Some(email) = EmailAddress::stored(&request.email) {
        app.table.request_reset(&email, &source).await?;
    }
    Ok(StatusCode::ACCEPTED)
}
