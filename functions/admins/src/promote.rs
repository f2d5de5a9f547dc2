use axum::{Json, extract::State};
use shared::{
    App,
    openapi::{BodyFailures, Failures, IdempotencyKey, KeyFailures, LimitFailures, Success, TokenFailures},
    problem::Problem,
    request::{HumanAdminRequest, Idempotent, Replayed},
    text::EmailAddress,
};
use utoipa::ToSchema;

shared::request! {
    /// The account that becomes an admin.
    #[derive(ToSchema)]
    #[schema(as = PromoteAdmin, rename_all = "PascalCase")]
    pub(crate) struct PromoteAdminRequest {
        /// The address of an account.
        email: EmailAddress,
    }
}

/// Makes the owner of an account an admin.
///
/// The account is named by its address, and gets a welcome mail. Nothing happens to who is an admin already.
#[utoipa::path(
    post,
    path = "/api/organizations/users/admins",
    tag = "Admins",
    security(("bearer" = [])),
    params(IdempotencyKey),
    request_body = PromoteAdminRequest,
    responses(
        (status = 200, description = "The user is an admin.", body = Success),
        TokenFailures, BodyFailures, KeyFailures, LimitFailures, Failures
    )
)]
pub(crate) async fn promote_admin(
    State(app): State<App>,
    HumanAdminRequest(admin, Idempotent(key, request)): HumanAdminRequest<Idempotent<PromoteAdminRequest>>,
) -> Result<(Replayed, Json<Success>), Problem> {
    let key = key.map(|key| key.of_admin(&admin, "POST /api/organizations/users/admins"));
    let done = app.table.organization(&admin).promote(&request.email, key.as_ref()).await?;
    Ok((Replayed(done.replayed), Json(Success::ANSWER)))
}
