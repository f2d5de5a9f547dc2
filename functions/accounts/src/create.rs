use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Request, State},
};
use serde::Serialize;
use shared::{
    App,
    account::{Invitee, NewUser},
    claims::{self, Admin},
    ids::UserId,
    openapi::{BodyFailures, Failures, TokenFailures},
    problem::Problem,
    request::{Body, Fields, JsonObject},
    text::{EmailAddress, PersonName},
};
use utoipa::ToSchema;

use crate::AccountsApp;

/// Who is to have an account.
pub(crate) enum CreateUser {
    /// Whoever signs up, with a password.
    SignUp(NewUser),
    /// Somebody whom an admin invites, without one.
    Invitation(Admin, Invitee),
}

impl FromRequest<AccountsApp> for CreateUser {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AccountsApp) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let request = Request::from_parts(parts.clone(), body);
        let Body(JsonObject(fields)) = Body::from_request(request, state).await?;
        if fields.get("Password").is_some_and(|password| !password.is_null()) || !claims::are_presented(&parts.headers)
        {
            return Ok(Self::SignUp(Fields::read(fields)?));
        }
        let admin = Admin::from_request_parts(&mut parts, state).await?;
        match Fields::read(fields) {
            Ok(invitee) => Ok(Self::Invitation(admin, invitee)),
            Err(errors) => {
                state.app.table.organization(&admin).require_admin().await?;
                Err(errors.into())
            }
        }
    }
}

/// Who is to have an account, as the document shows it.
#[derive(ToSchema)]
#[schema(as = CreateUser, rename_all = "PascalCase")]
#[expect(dead_code, reason = "it is read by the derive alone")]
pub(crate) struct CreateUserBody {
    first_name: PersonName,
    last_name: PersonName,
    email: EmailAddress,
    /// Needed but by an admin who invites: then the user is mailed a link that sets it.
    #[schema(min_length = 8, max_length = 128, format = "password")]
    password: Option<String>,
    phone_number: Option<shared::text::PhoneNumber>,
}

/// The new account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatedUser {
    user_id: UserId,
    email: EmailAddress,
    first_name: PersonName,
    last_name: PersonName,
}

/// Makes an account: with a password for whoever signs up; without one by an admin, who invites its owner by mail.
#[utoipa::path(
    post,
    path = "/api/users",
    tag = "Accounts",
    security((), ("bearer" = []), ("key" = [])),
    request_body = CreateUserBody,
    responses((status = 200, body = CreatedUser), TokenFailures, BodyFailures, Failures)
)]
pub(crate) async fn create_user(State(app): State<App>, request: CreateUser) -> Result<Json<CreatedUser>, Problem> {
    let (user_id, account) = match request {
        CreateUser::SignUp(user) => {
            let account = user.to_account().await?;
            app.table.create_account(&account).await?;
            (account.user_id.clone(), account)
        }
        CreateUser::Invitation(admin, invitee) => {
            let account = invitee.into_account();
            (app.table.organization(&admin).invite(&account).await?, account)
        }
    };
    Ok(Json(CreatedUser {
        user_id,
        email: account.email,
        first_name: account.first_name,
        last_name: account.last_name,
    }))
}
