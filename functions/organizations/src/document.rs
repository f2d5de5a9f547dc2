use std::sync::LazyLock;

use axum::{http::header, response::Response};
use shared::{
    conditional::{Conditions, EntityTag},
    openapi::{ReadConditions, ReadConditionsFail},
    problem::Problem,
};

/// The whole bundle's document: generated from the handlers, and checked in, so that serving it costs nothing.
const DOCUMENT: &str = include_str!("../../../openapi.json");

static TAG: LazyLock<EntityTag> = LazyLock::new(|| EntityTag::of_content(&[DOCUMENT]));

/// Shows this document.
///
/// The document is made from the code, and is the same wherever the API runs.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "Service",
    params(ReadConditions),
    responses(
        (status = 200, description = "OpenAPI 3.1", content_type = "application/json",
            headers(("ETag" = String, description = "The document's version"))),
        ReadConditionsFail
    )
)]
pub(crate) async fn get_openapi_document(conditions: Conditions) -> Result<Response, Problem> {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=300")];
    conditions.answer(&TAG, (headers, DOCUMENT))
}
