use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// The state of the service.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Health {
    /// `ok`.
    status: &'static str,
}

/// Says that the service answers.
///
/// Reads nothing, so that it tells nothing of the table.
#[utoipa::path(
    get,
    path = "/health",
    tag = "Service",
    responses((status = 200, description = "The service answers.", body = Health))
)]
pub(crate) async fn check_health() -> Json<Health> {
    Json(Health { status: "ok" })
}
