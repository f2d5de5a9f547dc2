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
#[utoipa::path(get, path = "/health", tag = "Service", responses((status = 200, body = Health)))]
pub(crate) async fn check_health() -> Json<Health> {
    Json(Health { status: "ok" })
}
