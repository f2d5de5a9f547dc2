use axum::{Json, extract::State};
use shared::{
    guessable::PublicFacts,
    openapi::{BodyFailures, Failures, Success},
    password,
    problem::{FieldCode, Problem},
    request::Body,
    source::RequestSource,
    table::{Acceptance, LinkError, OpenInvitation, OpenedLink},
    text::{EmailAddress, NewPassword},
};
use utoipa::ToSchema;

use crate::AccountsApp;

shared::request! {
    /// The token of a mailed link, and the password to come.
    #[derive(ToSchema)]
    #[schema(as = ResetPassword, rename_all = "PascalCase")]
    pub(crate) struct ResetPasswordRequest {
        token: String,
        password: NewPassword,
    }
}

/// Sets a password by a mailed link.
///
/// The link works once. It verifies the account's address, and every token of the account from before ends. The link of
/// an invitation does the same where there is no account yet, and accepts the invitation.
#[utoipa::path(
    post,
    path = "/api/auth/reset-password",
    tag = "Accounts",
    request_body = ResetPasswordRequest,
    responses((status = 200, description = "The password is set.", body = Success), BodyFailures, Failures)
)]
pub(crate) async fn reset_password(
    State(state): State<AccountsApp>,
    RequestSource(source): RequestSource,
    Body(request): Body<ResetPasswordRequest>,
) -> Result<Json<Success>, Problem> {
    let table = &state.app.table;
    let link = state.links.verify(&request.token).ok_or(LinkError::Dead)?;
    match table.open_any_link(&link).await? {
        OpenedLink::Account(open) => {
            let (first_name, last_name) = open.owner_names();
            let (first_name, last_name) = (Some(first_name), Some(last_name));
            let (email, hash) = checked(open.email(), first_name, last_name, None, &request.password).await?;
            // Strangers who guess on can't keep the owner from signing in here with the new password.
            let attempts = table.login_attempts(&email, &source);
            let (redeemed, ()) = tokio::join!(table.redeem(&open, &hash), attempts.note_proof());
            redeemed?;
        }
        OpenedLink::Invitation(open) => {
            // The link of an invitation changes no password.
            if !open.makes_account() {
                return Err(LinkError::Dead.into());
            }
            let (first_name, last_name) = known_names(&open)?;
            let organization = Some(open.organization().details.name.as_str());
            let (email, hash) =
                checked(open.email(), Some(first_name), Some(last_name), organization, &request.password).await?;
            let acceptance = Acceptance { password_hash: Some(hash), ..Acceptance::default() };
            let attempts = table.login_attempts(&email, &source);
            let (accepted, ()) = tokio::join!(table.accept(*open, &acceptance, None), attempts.note_proof());
            // The person signed up meanwhile, with another password.
            if !accepted?.value.account_created {
                return Err(LinkError::Dead.into());
            }
        }
    }
    Ok(Json(Success::ANSWER))
}

/// Refuses a password that could be guessed, and hashes it. Also returns the address.
async fn checked(
    email: &str,
    first_name: Option<&str>,
    last_name: Option<&str>,
    organization: Option<&str>,
    password: &NewPassword,
) -> Result<(EmailAddress, String), Problem> {
    let email = EmailAddress::stored(email).ok_or(LinkError::Dead)?;
    let facts = PublicFacts { email: Some(&email), first_name, last_name, organization };
    facts.refuse_guessable(password).map_err(|fault| Problem::field("Password", fault))?;
    let hash = password::hash(password.expose()).await?;
    Ok((email, hash))
}

/// The names that the inviter said. This request can't say them itself.
fn known_names(open: &OpenInvitation) -> Result<(&str, &str), Problem> {
    match open.names() {
        (Some(first_name), Some(last_name)) => Ok((first_name, last_name)),
        (first_name, last_name) => {
            let missing = [("FirstName", first_name), ("LastName", last_name)].into_iter();
            let missing = missing.filter(|(_, name)| name.is_none());
            let unknown = || FieldCode::Required.says("isn't known yet: accept the invitation on its own page");
            Err(Problem::fields(missing.map(|(name, _)| (name.into(), vec![unknown()])).collect()))
        }
    }
}
