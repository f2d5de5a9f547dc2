use axum::{http::header, response::IntoResponse};

/// The catalogue: generated from the code, and checked in, so that serving it costs nothing.
const CATALOGUE: &str = include_str!("../page/problems.html");

/// The page runs no script and loads nothing (Content Security Policy Level 3).
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// Shows the catalogue of error codes.
///
/// What each code means, what to do about it, and whether to send the request again. `type` of an error answer names its
/// entry.
#[utoipa::path(
    get,
    path = "/problems",
    tag = "Service",
    responses((status = 200, description = "The page.", content_type = "text/html"))
)]
pub(crate) async fn show_problems() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    (headers, CATALOGUE)
}
