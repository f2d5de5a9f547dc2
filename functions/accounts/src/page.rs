//! The page that a mailed link opens.

use std::sync::LazyLock;

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{Html, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use shared::{
    conditional::{Conditions, EntityTag},
    openapi::{ReadConditions, ReadConditionsFail},
    problem::Problem,
};

const STYLE: &str = include_str!("../page/set_password.css");
const SCRIPT: &str = include_str!("../page/set_password.js");

/// The page, whole: nothing is loaded from anywhere.
static PAGE: LazyLock<String> = LazyLock::new(|| {
    include_str!("../page/set_password.html").replace("/* style */", STYLE).replace("/* script */", SCRIPT)
});

static TAG: LazyLock<EntityTag> = LazyLock::new(|| EntityTag::of_content(&[PAGE.as_str()]));

/// What a browser lets the page do (Content Security Policy Level 3): run its own script, and call its own origin.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
        source_hash(SCRIPT),
        source_hash(STYLE)
    )
});

/// Allows an inline script or style by its hash.
fn source_hash(source: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(source)))
}

/// Shows the page that a mailed link opens.
///
/// On it, the account's owner chooses a password. The page reads the token from its address and sends it to `POST
/// /api/auth/reset-password`.
#[utoipa::path(
    get,
    path = "/account/set-password",
    tag = "Accounts",
    params(
        ("token" = Option<String>, Query, description = "The link's token, which the page reads itself."),
        ReadConditions
    ),
    responses(
        (status = 200, description = "The page.", content_type = "text/html",
            headers(("ETag" = String, description = "The page's version"))),
        ReadConditionsFail
    )
)]
pub(crate) async fn show_password_page(conditions: Conditions) -> Result<Response, Problem> {
    let policy = HeaderValue::from_static(POLICY.as_str());
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_SECURITY_POLICY, policy),
        // The page's own address holds the token.
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    conditions.answer(&TAG, (headers, Html(PAGE.as_str())))
}
