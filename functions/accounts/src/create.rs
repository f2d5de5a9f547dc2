use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Request, State},
};
use serde::Serialize;
use shared::{
    App,
    account::{Invitee, NewUser},
    claims::{self, AdminClaim},
    extract::Authenticated,
    ids::UserId,
    openapi::{BodyFailures, Failures, IdempotencyKey, KeyFailures, TokenFailures},
    problem::Problem,
    request::{Body, Idempotent, JsonObject, Replayed},
    table::{Effect, Once},
    text::{EmailAddress, PersonName},
};
use utoipa::ToSchema;

use crate::AccountsApp;

/// Who is to have an account.
pub(crate) enum CreateUser {
    /// Whoever signs up, with a password.
    SignUp(NewUser, Option<Once>),
    /// Somebody whom an admin invites, without one.
    Invitation(AdminClaim, Invitee, Option<Once>),
}

const ROUTE: &str = "POST /api/users";

impl FromRequest<AccountsApp> for CreateUser {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AccountsApp) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let is_presented = claims::has_credentials(&parts.headers);
        let fields = match Body::from_request(Request::from_parts(parts.clone(), body), state).await {
            Ok(Body(JsonObject(fields))) => fields,
            Err(problem) => {
                // Who shows a token learns first that it isn't good, or no longer.
                if is_presented {
                    let Authenticated(admin) =
                        Authenticated::<AdminClaim>::from_request_parts(&mut parts, state).await?;
                    state.app.table.organization(&admin).require_admin().await?;
                }
                return Err(problem);
            }
        };
        if fields.get("Password").is_some_and(|password| !password.is_null()) || !is_presented {
            let Idempotent(key, user) = Idempotent::<NewUser>::read(&parts.headers, fields)?;
            let once = key.map(|key| key.of_address(&user.email, ROUTE));
            return Ok(Self::SignUp(user, once));
        }
        let Authenticated(admin) = Authenticated::<AdminClaim>::from_request_parts(&mut parts, state).await?;
        match Idempotent::read(&parts.headers, fields) {
            Ok(Idempotent(key, invitee)) => {
                let once = key.map(|key| key.of_admin(&admin, ROUTE));
                Ok(Self::Invitation(admin, invitee, once))
            }
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
    params(IdempotencyKey),
    request_body = CreateUserBody,
    responses((status = 200, body = CreatedUser), TokenFailures, BodyFailures, KeyFailures, Failures)
)]
pub(crate) async fn create_user(
    State(app): State<App>,
    request: CreateUser,
) -> Result<(Replayed, Json<CreatedUser>), Problem> {
    let Effect { result, replayed } = match request {
        CreateUser::SignUp(user, once) => app.table.create_account(&user.to_account().await?, once.as_ref()).await?,
        CreateUser::Invitation(admin, invitee, once) => {
            app.table.organization(&admin).invite(&invitee.into_account(), once.as_ref()).await?
        }
    };
    let created = CreatedUser {
        user_id: result.user_id,
        email: result.email,
        first_name: result.first_name,
        last_name: result.last_name,
    };
    Ok((Replayed(replayed), Json(created)))
}
