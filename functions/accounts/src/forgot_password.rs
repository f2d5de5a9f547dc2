use axum::{extract::State, http::StatusCode};
use shared::{
    App,
    openapi::{BodyFailures, Failures},
    problem::Problem,
    request::{Body, Fields, FromFields},
    text::EmailAddress,
};
use utoipa::ToSchema;

/// Whose password is forgotten.
#[derive(ToSchema)]
#[schema(rename_all = "PascalCase")]
pub(crate) struct ForgotPassword {
    email: String,
}

impl FromFields for ForgotPassword {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { email: fields.required("Email", Ok)? })
    }
}

/// Mails a link that sets a new password, where the address has an account, at most three an hour. The answer is the same in
/// every case.
#[utoipa::path(
    post,
    path = "/api/auth/forgot-password",
    tag = "Accounts",
    request_body = ForgotPassword,
    responses((status = 202, description = "If the address has an account, a mail follows."), BodyFailures, Failures)
)]
pub(crate) async fn forgot_password(
    State(app): State<App>,
    Body(request): Body<ForgotPassword>,
) -> Result<StatusCode, Problem> {
    if let Ok(email) = EmailAddress::parse(request.email) {
        app.table.start_reset(&email).await?;
    }
    Ok(StatusCode::ACCEPTED)
}
