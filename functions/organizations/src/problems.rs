use std::sync::LazyLock;

use axum::{http::header, response::Response};
use shared::{
    conditional::{Conditions, EntityTag},
    openapi::{ReadConditions, ReadConditionsFail},
    problem::Problem,
};

/// The catalogue: generated from the code, and checked in, so that serving it costs nothing.
const CATALOGUE: &str = include_str!("../page/problems.html");

static TAG: LazyLock<EntityTag> = LazyLock::new(|| EntityTag::of_content(&[CATALOGUE]));

/// The page runs no script and loads nothing (Content Security Policy Level 3).
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// Shows the catalogue of error codes.
///
/// What each code means, what to do about it, and whether to send the request again. `type` of an error answer names
/// its entry.
#[utoipa::path(
    get,
    path = "/problems",
    tag = "Service",
    params(ReadConditions),
    responses(
        (status = 200, description = "The page.", content_type = "text/html",
            headers(("ETag" = String, description = "The page's version"))),
        ReadConditionsFail
    )
)]
pub(crate) async fn show_problems(conditions: Conditions) -> Result<Response, Problem> {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    conditions.answer(&TAG, (headers, CATALOGUE))
}
