use axum::{Json, extract::State, response::Response};
use serde::Serialize;
use shared::{
    App,
    claims::AccountHolder,
    conditional::Conditions,
    extract::Authenticated,
    ids::UserId,
    openapi::{Failures, ReadConditions, ReadConditionsFail, TokenFailures},
    problem::Problem,
    table::{AccountRecord, SessionEnded},
    text::PhoneNumber,
};
use utoipa::ToSchema;

/// An account, as its owner sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Account)]
pub(crate) struct OwnAccount {
    user_id: UserId,
    email: String,
    first_name: String,
    last_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number: Option<PhoneNumber>,
    /// Whether a link that was mailed to the address came back.
    email_verified: bool,
}

impl From<AccountRecord> for OwnAccount {
    fn from(account: AccountRecord) -> Self {
        Self {
            user_id: account.user_id,
            email: account.email,
            first_name: account.first_name,
            last_name: account.last_name,
            phone_number: account.phone_number,
            email_verified: account.email_verified,
        }
    }
}

/// The caller's account, where the token still stands for it: one read.
pub(crate) async fn account_of(app: &App, holder: &AccountHolder) -> Result<AccountRecord, Problem> {
    let account = app.table.account(&holder.user_id).await?.ok_or(SessionEnded)?;
    account.require_current(holder)?;
    Ok(account)
}

/// Shows the caller's own account.
///
/// Takes a user token, or an organization token of a person.
#[utoipa::path(
    get,
    path = "/api/users/me",
    tag = "Accounts",
    security(("bearer" = [])),
    params(ReadConditions),
    responses(
        (status = 200, description = "The account.", body = OwnAccount,
            headers(("ETag" = String, description = "The version of the account"))),
        ReadConditionsFail, TokenFailures, Failures
    )
)]
pub(crate) async fn get_account(
    State(app): State<App>,
    conditions: Conditions,
    Authenticated(holder): Authenticated<AccountHolder>,
) -> Result<Response, Problem> {
    let account = account_of(&app, &holder).await?;
    conditions.answer(&account.tag(), Json(OwnAccount::from(account)))
}
