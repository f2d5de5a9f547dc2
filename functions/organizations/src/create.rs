use axum::{Json, extract::State};
use serde::Serialize;
use shared::{
    App,
    guessable::PublicFacts,
    ids::{OrganizationCode, OrganizationId},
    language::PreferredLanguage,
    openapi::{BodyFailures, Failures, IdempotencyKey, KeyFailures, LimitFailures},
    organization::OrganizationDetails,
    password,
    problem::{FieldCode, FieldErrors, Problem},
    request::{Fields, Idempotent, NewUser, Replayed},
    source::RequestSource,
    table::{Creation, Founder, OrganizationRecord, Replayable},
    text::OrganizationName,
};
use utoipa::ToSchema;

shared::request! {
    /// A new organization and its first admin.
    #[derive(ToSchema)]
    #[schema(as = CreateOrganization, rename_all = "PascalCase")]
    pub(crate) struct CreateOrganizationRequest {
        organization: OrganizationDetails = Fields::object,
        /// Where the e-mail address has an account already, the password must be that account's: its owner, names
        /// unchanged, becomes the admin.
        user: NewUser = Fields::object,
    }
    check |fields| {
        if let (Some(organization), Some(user)) = (&organization, &user) {
            let own = user.public_facts();
            let facts = PublicFacts { organization: Some(organization.name.as_str()), ..own };
            // What the person's own names and address rule out is said already.
            if own.refuse_guessable(&user.password).is_ok()
                && let Err(fault) = facts.refuse_guessable(&user.password)
            {
                fields.add_error("User.Password", fault);
            }
        }
    }
}

/// The new organization.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatedOrganization {
    organization_id: OrganizationId,
    identity_organization_id: OrganizationCode,
    name: OrganizationName,
    /// Equals `IdentityOrganizationId`.
    slug: OrganizationCode,
}

/// Creates an organization with its first admin.
///
/// The admin gets a welcome mail. If the address has an account already, its password lets the owner in. The code in
/// `IdentityOrganizationId` names the organization at sign-in.
#[utoipa::path(
    post,
    path = "/api/organizations",
    tag = "Organizations",
    params(IdempotencyKey),
    request_body = CreateOrganizationRequest,
    responses(
        (status = 200, description = "The organization and its first admin.", body = CreatedOrganization),
        BodyFailures, KeyFailures, LimitFailures, Failures
    )
)]
pub(crate) async fn create_organization(
    State(app): State<App>,
    RequestSource(source): RequestSource,
    PreferredLanguage(language): PreferredLanguage,
    Idempotent(key, request): Idempotent<CreateOrganizationRequest>,
) -> Result<(Replayed, Json<CreatedOrganization>), Problem> {
    let key = key.map(|key| key.of_address(&request.user.email, "POST /api/organizations"));
    let key = key.as_ref();
    let organization = OrganizationRecord::new(request.organization);
    let account = request.user.to_account(language).await?;
    let attempts = app.table.login_attempts(&request.user.email, &source);
    let founder = Founder::New(&account);
    let (creation, allowed) =
        tokio::join!(app.table.create_organization(&organization, &founder, &source, key), attempts.check());
    let mut creation = creation?;
    if let Creation::Done(Replayable { value, replayed: true }) = &creation
        && value.founder_had_account
    {
        let attempt = allowed?;
        // Somebody who has seen the request without its password must not get its answer.
        let known = app.table.credential(&request.user.email).await?;
        let hash = known.as_ref().and_then(|known| known.password_hash.as_deref());
        if !password::verify(request.user.password.expose(), hash).await? {
            return Err(refusal(false, true).with_attempts_left(attempt.record_failure(hash).await?));
        }
        attempts.check().await?;
    } else if let Creation::Refused { name_taken, account: Some(known) } = creation {
        let attempt = allowed?;
        let hash = known.password_hash.as_deref();
        if !password::verify(request.user.password.expose(), hash).await? {
            return Err(refusal(name_taken, true).with_attempts_left(attempt.record_failure(hash).await?));
        }
        creation = if name_taken {
            // The failures that were counted meanwhile; a creation asks for them in its transaction.
            attempt.check_again().await?;
            Creation::Refused { name_taken, account: None }
        } else {
            app.table.create_organization(&organization, &Founder::Known(&known, attempt), &source, key).await?
        };
    }
    match creation {
        Creation::Done(Replayable { value, replayed }) => {
            let created = CreatedOrganization {
                organization_id: value.id,
                identity_organization_id: value.code.clone(),
                name: value.name,
                slug: value.code,
            };
            Ok((Replayed(replayed), Json(created)))
        }
        Creation::Refused { name_taken, account } => Err(refusal(name_taken, account.is_some())),
    }
}

fn refusal(name_taken: bool, wrong_password: bool) -> Problem {
    let mut errors = FieldErrors::new();
    if name_taken {
        errors.insert("Organization.Name".into(), vec![FieldCode::Taken.says("is taken")]);
    }
    if wrong_password {
        let error = FieldCode::Taken.says("has an account already, which has another password");
        errors.insert("User.Email".into(), vec![error]);
    }
    Problem::fields(errors)
}
