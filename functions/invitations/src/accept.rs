use axum::{Json, extract::State};
use serde::Serialize;
use shared::{
    claims::Role,
    guessable::PublicFacts,
    ids::{LinkId, OrganizationCode, UserId},
    language::{Language, PreferredLanguage},
    openapi::{BodyFailures, Failures, IdempotencyKey, KeyFailures, PlanFailures},
    password,
    problem::{FieldCode, FieldErrors, Problem, ProblemCode},
    request::{Idempotent, Replayed},
    source::{RequestSource, Source},
    table::{self, Acceptance, Accepted, LinkError, OpenInvitation, Replayable, Table},
    text::{EmailAddress, NewPassword, PersonName},
};
use utoipa::ToSchema;

use crate::InvitationsApp;

const ROUTE: &str = "POST /api/invitations/accept";

shared::request! {
    /// The token of an invitation's mailed link, and what an account is made of.
    #[derive(ToSchema)]
    #[schema(as = AcceptInvitation, rename_all = "PascalCase")]
    pub(crate) struct AcceptInvitationRequest {
        token: String,
        /// Needed where the address has no account. An account's own password stays.
        #[schema(value_type = Option<String>, min_length = 8, max_length = 128, format = "password")]
        password: Option<NewPassword>,
        /// Needed where the address has no account and the inviter didn't say it.
        first_name: Option<PersonName>,
        /// Needed where the address has no account and the inviter didn't say it.
        last_name: Option<PersonName>,
    }
}

/// What the acceptance has made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AcceptedInvitation {
    success: bool,
    user_id: UserId,
    /// Whether the acceptance made the account. Otherwise its password is as it was.
    account_created: bool,
    identity_organization_id: OrganizationCode,
    /// The organization's name.
    name: String,
    #[schema(max_items = 2)]
    roles: Vec<Role>,
}

impl From<Replayable<Accepted>> for AcceptedInvitation {
    fn from(Replayable { value, .. }: Replayable<Accepted>) -> Self {
        Self {
            success: true,
            user_id: value.user_id,
            account_created: value.account_created,
            identity_organization_id: value.organization_code,
            name: value.organization_name,
            roles: value.roles,
        }
    }
}

/// Accepts an invitation by its mailed link.
///
/// Makes the account where there is none, and gives the promised roles. The link proves the address. With an account
/// the token alone is enough, and its password stays, unless the address has to be proven and nobody had: then the
/// password ends, and one that is sent takes its place.
#[utoipa::path(
    post,
    path = "/api/invitations/accept",
    tag = "Invitations",
    params(IdempotencyKey),
    request_body = AcceptInvitationRequest,
    responses(
        (status = 200, description = "The person belongs to the organization.", body = AcceptedInvitation),
        PlanFailures, BodyFailures, KeyFailures, Failures
    )
)]
pub(crate) async fn accept_invitation(
    State(state): State<InvitationsApp>,
    RequestSource(source): RequestSource,
    PreferredLanguage(language): PreferredLanguage,
    Idempotent(key, request): Idempotent<AcceptInvitationRequest>,
) -> Result<(Replayed, Json<AcceptedInvitation>), Problem> {
    let link = state.links.verify(&request.token).ok_or(LinkError::Dead)?;
    let key = key.map(|key| key.of_link(&link, ROUTE));
    let accepted = match accept(&state.app.table, &source, &link, (request, language), key.as_ref()).await {
        // An earlier sending of this request may have used the link.
        Err(problem) if problem.code() == ProblemCode::InvalidLink => {
            state.app.table.replayed_acceptance(key.as_ref()).await?.ok_or(problem)?
        }
        accepted => accepted?,
    };
    Ok((Replayed(accepted.replayed), Json(accepted.into())))
}

async fn accept(
    table: &Table,
    source: &Source,
    link: &LinkId,
    (request, language): (AcceptInvitationRequest, Language),
    key: Option<&table::IdempotencyKey>,
) -> Result<Replayable<Accepted>, Problem> {
    let open = table.open_invitation(link).await?;
    refuse_unusable(&open, &request)?;
    let password = request.password.filter(|_| open.makes_account() || open.ends_password());
    let password_hash = match &password {
        Some(password) => Some(password::hash(password.expose()).await?),
        None => None,
    };
    let email = EmailAddress::stored(open.email()).filter(|_| password_hash.is_some());
    let note_proof = async {
        // Strangers who guess on can't keep the owner from signing in here with the new password.
        if let Some(email) = &email {
            table.login_attempts(email, source).note_proof().await;
        }
    };
    let AcceptInvitationRequest { first_name, last_name, .. } = request;
    let acceptance = Acceptance { first_name, last_name, language, password_hash };
    let (accepted, ()) = tokio::join!(table.accept(open, &acceptance, key), note_proof);
    Ok(accepted?)
}

/// Names what an account would need and isn't there, and a password that could be guessed.
fn refuse_unusable(open: &OpenInvitation, request: &AcceptInvitationRequest) -> Result<(), Problem> {
    let mut errors = FieldErrors::new();
    let (said_first, said_last) = open.names();
    let first_name = request.first_name.as_ref().map(PersonName::as_str).or(said_first);
    let last_name = request.last_name.as_ref().map(PersonName::as_str).or(said_last);
    if open.makes_account() {
        let missing = [
            ("Password", request.password.is_none()),
            ("FirstName", first_name.is_none()),
            ("LastName", last_name.is_none()),
        ];
        for (name, _) in missing.into_iter().filter(|(_, is_missing)| *is_missing) {
            errors.insert(name.into(), vec![FieldCode::Required.says("is required")]);
        }
    }
    if let Some(password) = request.password.as_ref().filter(|_| open.makes_account() || open.ends_password()) {
        let email = EmailAddress::stored(open.email());
        let organization = Some(open.organization().details.name.as_str());
        let facts = PublicFacts { email: email.as_ref(), first_name, last_name, organization };
        if let Err(fault) = facts.refuse_guessable(password) {
            errors.insert("Password".into(), vec![fault]);
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors.into()) }
}
