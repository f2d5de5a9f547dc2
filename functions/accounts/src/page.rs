//! The pages that mailed links open.

use axum::{extract::State, response::Response};
use shared::{
    conditional::Conditions,
    openapi::{ReadConditions, ReadConditionsFail},
    page::Page,
    problem::Problem,
};

use crate::AccountsApp;

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
pub(crate) async fn show_password_page(
    State(state): State<AccountsApp>,
    conditions: Conditions,
) -> Result<Response, Problem> {
    let (html, script) = (include_str!("../page/set_password.html"), include_str!("../page/set_password.js"));
    Page::new(html, script, &state.brand).answer(&conditions)
}

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
pub(crate) async fn show_email_page(
    State(state): State<AccountsApp>,
    conditions: Conditions,
) -> Result<Response, Problem> {
    let (html, script) = (include_str!("../page/confirm_email.html"), include_str!("../page/confirm_email.js"));
    Page::new(html, script, &state.brand).answer(&conditions)
}
