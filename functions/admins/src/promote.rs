use axum::{Json, extract::State};
use shared::{
    App,
    openapi::{BodyFailures, Failures, IdempotencyKey, KeyFailures, Success, TokenFailures},
    problem::Problem,
    request::{ByPerson, Fields, FromFields, Idempotent, Replayed},
    text::EmailAddress,
};
use utoipa::ToSchema;

/// Who is to become an admin.
#[derive(ToSchema)]
#[schema(rename_all = "PascalCase")]
pub(crate) struct PromoteAdmin {
    /// The address of an account.
    email: EmailAddress,
}

impl FromFields for PromoteAdmin {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { email: fields.required("Email", EmailAddress::parse)? })
    }
}

/// Makes the owner of an account an admin, with a welcome mail; nothing happens to who is one already.
#[utoipa::path(
    post,
    path = "/api/organizations/users/admins",
    tag = "Admins",
    security(("bearer" = [])),
    params(IdempotencyKey),
    request_body = PromoteAdmin,
    responses((status = 200, body = Success), TokenFailures, BodyFailures, KeyFailures, Failures)
)]
pub(crate) async fn promote_admin(
    State(app): State<App>,
    ByPerson(admin, Idempotent(key, request)): ByPerson<Idempotent<PromoteAdmin>>,
) -> Result<(Replayed, Json<Success>), Problem> {
    let once = key.map(|key| key.of_admin(&admin, "POST /api/organizations/users/admins"));
    let effect = app.table.organization(&admin).promote(&request.email, once.as_ref()).await?;
    Ok((Replayed(effect.replayed), Json(Success::YES)))
}
