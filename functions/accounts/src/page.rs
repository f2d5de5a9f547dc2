//! The page that a mailed link opens.

use std::sync::LazyLock;

use axum::response::Response;
use shared::{
    conditional::Conditions,
    openapi::{ReadConditions, ReadConditionsFail},
    page::Page,
    problem::Problem,
};

static PAGE: LazyLock<Page> = LazyLock::new(|| {
    Page::new(
        include_str!("../page/set_password.html"),
        include_str!("../page/set_password.css"),
        include_str!("../page/set_password.js"),
    )
});

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
    PAGE.answer(&conditions)
}

static EMAIL_PAGE: LazyLock<Page> = LazyLock::new(|| {
    Page::new(
        include_str!("../page/confirm_email.html"),
        include_str!("../page/set_password.css"),
        include_str!("../page/confirm_email.js"),
    )
});

/// Shows the page that confirms a new address.
///
/// On it, the account's owner says that the address is to be the account's. The page reads the token from its address
/// and sends it to `POST /api/auth/confirm-email`.
#[utoipa::path(
    get,
    path = "/account/confirm-email",
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
pub(crate) async fn show_email_page(conditions: Conditions) -> Result<Response, Problem> {
    EMAIL_PAGE.answer(&conditions)
}
