use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Request, State},
};
use serde::Serialize;
use shared::{
    App,
    claims::{self, AdminClaim},
    extract::Authenticated,
    ids::UserId,
    language::{Language, PreferredLanguage},
    openapi::{BodyFailures, Failures, IdempotencyKey, KeyFailures, LimitFailures, TokenFailures},
    problem::Problem,
    request::{Body, Idempotent, JsonObject, NewUser, Replayed},
    source::RequestSource,
    table::{self, NewAccount, Replayable},
    text::{EmailAddress, NewPassword, PersonName, PhoneNumber},
};
use utoipa::ToSchema;

use crate::AccountsApp;

/// The account to be made.
pub(crate) enum CreateUser {
    /// A person who signs up, with a password.
    SignUp(NewUser, Option<table::IdempotencyKey>),
    /// A person whom an admin invites, without one.
    Invitation(AdminClaim, CreateUserRequest, Option<table::IdempotencyKey>),
}

const ROUTE: &str = "POST /api/users";

impl FromRequest<AccountsApp> for CreateUser {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AccountsApp) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let has_credentials = claims::has_credentials(&parts.headers);
        let body: Result<Body<JsonObject>, _> =
            Body::from_request(Request::from_parts(parts.clone(), body), state).await;
        let is_sign_up = match &body {
            Ok(Body(fields)) => !has_credentials || fields.has("Password"),
            Err(_) => !has_credentials,
        };
        if is_sign_up {
            let Body(fields) = body?;
            let Idempotent(key, user) = Idempotent::<NewUser>::read(&parts.headers, fields)?;
            let key = key.map(|key| key.of_address(&user.email, ROUTE));
            return Ok(Self::SignUp(user, key));
        }
        // A bad token, or a lost role, is said before what is wrong with the body.
        let Authenticated(admin) = Authenticated::<AdminClaim>::from_request_parts(&mut parts, state).await?;
        let request = body.and_then(|Body(fields)| Ok(Idempotent::read(&parts.headers, fields)?));
        let request = state.app.table.organization(&admin).lost_role_first(request).await?;
        let Idempotent(key, invitee): Idempotent<CreateUserRequest> = request;
        let key = key.map(|key| key.of_admin(&admin, ROUTE));
        Ok(Self::Invitation(admin, invitee, key))
    }
}

shared::request! {
    /// The account to be made.
    #[derive(ToSchema)]
    #[schema(as = CreateUser, rename_all = "PascalCase")]
    pub(crate) struct CreateUserRequest {
        first_name: PersonName,
        last_name: PersonName,
        email: EmailAddress,
        /// Needed but by an admin who invites: then the user is mailed a link that sets it.
        #[schema(value_type = Option<String>, min_length = 8, max_length = 128, format = "password")]
        password: Option<NewPassword>,
        phone_number: Option<PhoneNumber>,
    }
}

impl CreateUserRequest {
    /// The account to come, if the invitation is accepted by somebody without one.
    fn into_invited_account(self) -> NewAccount {
        debug_assert!(self.password.is_none(), "a request with a password is a sign-up");
        NewAccount {
            user_id: UserId::random(),
            first_name: self.first_name,
            last_name: self.last_name,
            email: self.email,
            phone_number: self.phone_number,
            language: Language::default(),
            password_hash: None,
        }
    }
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

/// Signs up, or invites a user as an admin.
///
/// Without a token, makes an account with a password. By an admin, invites the person without any role: `UserId` is
/// that of the account, or of the one to come. Sent again, it mails another link. An organization mails five
/// invitations and welcomes an hour to a mailbox. Past that, who was mailed within the hour is mailed nothing more,
/// since those links are good; for anybody else it is 429.
#[utoipa::path(
    post,
    path = "/api/users",
    tag = "Accounts",
    security((), ("bearer" = []), ("key" = [])),
    params(IdempotencyKey),
    request_body = CreateUserRequest,
    responses(
        (status = 200, description = "The account, or the one to come.", body = CreatedUser),
        TokenFailures, BodyFailures, KeyFailures, LimitFailures, Failures
    )
)]
pub(crate) async fn create_user(
    State(app): State<App>,
    RequestSource(source): RequestSource,
    PreferredLanguage(language): PreferredLanguage,
    request: CreateUser,
) -> Result<(Replayed, Json<CreatedUser>), Problem> {
    let Replayable { value, replayed } = match request {
        CreateUser::SignUp(user, key) => {
            app.table.create_account(&user.to_account(language).await?, &source, key.as_ref()).await?
        }
        CreateUser::Invitation(admin, invitee, key) => {
            app.table.organization(&admin).invite_user(&invitee.into_invited_account(), key.as_ref()).await?
        }
    };
    let created = CreatedUser {
        user_id: value.user_id,
        email: value.email,
        first_name: value.first_name,
        last_name: value.last_name,
    };
    Ok((Replayed(replayed), Json(created)))
}
