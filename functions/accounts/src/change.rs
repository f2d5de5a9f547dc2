use axum::{Json, extract::State};
use shared::{
    App,
    claims::AccountHolder,
    extract::Authenticated,
    openapi::{BodyFailures, Failures, TokenFailures},
    problem::Problem,
    request::{Body, Fields, FromFields, Patch},
    table::ProfileChange,
    text::{PersonName, PhoneNumber},
};
use utoipa::ToSchema;

use crate::view::{OwnAccount, account_of};

/// A change of the caller's own account: a JSON merge patch (RFC 7396).
#[derive(ToSchema)]
#[schema(rename_all = "PascalCase")]
pub(crate) struct ChangeAccount {
    /// Can't be removed.
    first_name: Option<PersonName>,
    /// Can't be removed.
    last_name: Option<PersonName>,
    #[schema(value_type = Option<PhoneNumber>)]
    phone_number: Patch<PhoneNumber>,
}

impl FromFields for ChangeAccount {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let first_name = fields.lasting("FirstName", PersonName::parse);
        let last_name = fields.lasting("LastName", PersonName::parse);
        let phone_number = fields.patch("PhoneNumber", PhoneNumber::parse);
        Some(Self { first_name: first_name?, last_name: last_name?, phone_number: phone_number? })
    }
}

/// Changes the caller's own names and phone number.
#[utoipa::path(
    patch,
    path = "/api/users/me",
    tag = "Accounts",
    security(("bearer" = [])),
    request_body(
        content((ChangeAccount = "application/json"), (ChangeAccount = "application/merge-patch+json")),
    ),
    responses((status = 200, body = OwnAccount), TokenFailures, BodyFailures, Failures)
)]
pub(crate) async fn change_account(
    State(app): State<App>,
    Authenticated(holder): Authenticated<AccountHolder>,
    body: Result<Body<ChangeAccount>, Problem>,
) -> Result<Json<OwnAccount>, Problem> {
    // A token that no longer holds wins over a body that can't be used.
    let account = account_of(&app, &holder).await?;
    let Body(request) = body?;
    let ChangeAccount { first_name, last_name, phone_number } = request;
    let change = ProfileChange { first_name, last_name, phone_number };
    Ok(Json(app.table.change_profile(account, change).await?.into()))
}
