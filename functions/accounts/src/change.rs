use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use shared::{
    App,
    claims::AccountHolder,
    conditional::{Conditions, Tagged},
    extract::Authenticated,
    ids::UserId,
    openapi::{BodyFailures, Failures, TokenFailures, WriteConditions, WriteConditionsFail},
    problem::Problem,
    request::{Body, Patch, Unchanged, non_nullable},
    table::{ProfileChange, ProfileError},
    text::{PersonName, PhoneNumber},
};
use utoipa::ToSchema;

use crate::view::{OwnAccount, account_of};

shared::request! {
    /// A change of the caller's own account: a JSON merge patch (RFC 7396).
    #[derive(ToSchema)]
    #[schema(as = UpdateAccount, rename_all = "PascalCase")]
    pub(crate) struct UpdateAccountRequest {
        /// Can't be removed.
        #[schema(nullable = false)]
        first_name: Option<PersonName> = non_nullable,
        /// Can't be removed.
        #[schema(nullable = false)]
        last_name: Option<PersonName> = non_nullable,
        #[schema(value_type = Option<PhoneNumber>)]
        phone_number: Patch<PhoneNumber>,
        /// May be sent as it was answered.
        #[schema(value_type = UserId, required = false, read_only)]
        user_id: Unchanged,
        /// May be sent as it was answered.
        #[schema(value_type = String, required = false, read_only)]
        email: Unchanged,
        /// May be sent as it was answered.
        #[schema(value_type = bool, required = false, read_only)]
        email_verified: Unchanged,
    }
}

/// Changes the caller's own names and phone number.
///
/// What isn't sent stays. The names change in every organization that shows them.
#[utoipa::path(
    patch,
    path = "/api/users/me",
    tag = "Accounts",
    security(("bearer" = [])),
    params(WriteConditions),
    request_body(
        content((UpdateAccountRequest = "application/json"), (UpdateAccountRequest = "application/merge-patch+json")),
    ),
    responses(
        (status = 200, description = "The account as it is now.", body = OwnAccount,
            headers(("ETag" = String, description = "The new version of the account"))),
        WriteConditionsFail, TokenFailures, BodyFailures, Failures
    )
)]
pub(crate) async fn update_account(
    State(app): State<App>,
    Conditions(preconditions): Conditions,
    Authenticated(holder): Authenticated<AccountHolder>,
    body: Result<Body<UpdateAccountRequest>, Problem>,
) -> Result<Response, Problem> {
    // A token that no longer holds wins over a body that can't be used.
    let account = account_of(&app, &holder).await?;
    let Body(request) = body?;
    let UpdateAccountRequest { first_name, last_name, phone_number, user_id, email, email_verified } = request;
    preconditions.check(Some(&account.tag())).map_err(ProfileError::from)?;
    Unchanged::check([
        (&user_id, &account.user_id),
        (&email, &account.email),
        (&email_verified, &account.email_verified),
    ])?;
    let change = ProfileChange { first_name, last_name, phone_number };
    let changed = app.table.change_profile(account, change, &preconditions).await?;
    Ok(Tagged(&changed.tag(), Json(OwnAccount::from(changed))).into_response())
}
