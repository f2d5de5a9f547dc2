use axum::{http::header, response::IntoResponse};

/// The whole bundle's document: generated from the handlers, and checked in, so that serving it costs nothing.
const DOCUMENT: &str = include_str!("../../../openapi.json");

/// Shows this document.
///
/// The document is made from the code, and is the same wherever the API runs.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "Service",
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json"))
)]
pub(crate) async fn get_openapi_document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT)
}
