use axum::{Json, extract::State};
use shared::{
    UserOrganizationResponse,
    claims::{Identity, TokenUse},
    ids::{OrganizationCode, OrganizationId},
    openapi::{BodyFailures, Failures, LimitFailures},
    password,
    problem::{FieldCode, Problem},
    request::{Body, Fields, Read},
    source::{RequestSource, Source},
    table::{AllowedAttempt, CredentialRecord, LoginAttempts, Table},
    text::EmailAddress,
};
use utoipa::ToSchema;

use crate::{
    AuthApp,
    access::unknown_organization,
    enrich::{TokenSubject, enrich},
    machine_sign_in::MachineSignIn,
    signed_in::SignedIn,
};

shared::request! {
    /// The credentials: of a user by `Email` and `Password`, or of a machine by `OrgCode`, `ClientId` and
    /// `ClientSecret`.
    #[derive(ToSchema)]
    #[schema(as = SignIn, rename_all = "PascalCase")]
    pub(crate) struct SignInRequest {
        email: Option<String> = of_user,
        #[schema(format = "password")]
        password: Option<String> = of_user,
        /// With it, a user's token is an organization token of this organization at once.
        org_code: Option<String> = org_code,
        client_id: Option<String> = of_machine,
        #[schema(format = "password")]
        client_secret: Option<String> = of_machine,
    }
    check |fields| {
        if is_machine(fields) && fields.has("Password") {
            let error = FieldCode::Conflicting.says("can't be sent together with ClientId and ClientSecret");
            fields.add_error("Password", error);
        }
        for name in ["ClientId", "ClientSecret"] {
            if !is_machine(fields) && fields.has(name) {
                fields.add_error(name, FieldCode::Conflicting.says("can't be sent together with Email"));
            }
        }
    }
}

/// Whether the fields are a machine's and no user's.
fn is_machine(fields: &Fields<'_>) -> bool {
    (fields.has("ClientId") || fields.has("ClientSecret")) && !fields.has("Email")
}

fn of_user(fields: &mut Fields<'_>, name: &str) -> Read<Option<String>> {
    if is_machine(fields) { Some(None) } else { fields.required(name, Ok).map(Some) }
}

fn of_machine(fields: &mut Fields<'_>, name: &str) -> Read<Option<String>> {
    if is_machine(fields) { fields.required(name, Ok).map(Some) } else { Some(None) }
}

/// A user may name an organization, and a machine must.
fn org_code(fields: &mut Fields<'_>, name: &str) -> Read<Option<String>> {
    if is_machine(fields) { fields.required(name, Ok).map(Some) } else { fields.text(name, Ok).optional() }
}

/// A user who signs in, and the organization that the user signs in to.
struct UserSignIn {
    email: String,
    password: String,
    org_code: Option<String>,
}

/// Signs a user or a machine in.
///
/// By address and password: without `OrgCode` for a user token, with it for a token of that organization. By client id
/// and secret: for a machine's token.
#[utoipa::path(
    post,
    path = "/api/auth/login",
    tag = "Sign-in",
    request_body = SignInRequest,
    responses(
        (status = 200, description = "The token.", body = SignedIn),
        (status = 401, description = "The e-mail address or the password is wrong.",
            body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The user has no role in the organization.",
            body = Problem, content_type = "application/problem+json"),
        BodyFailures,
        LimitFailures,
        Failures,
    )
)]
pub(crate) async fn sign_in(
    State(state): State<AuthApp>,
    RequestSource(source): RequestSource,
    Body(request): Body<SignInRequest>,
) -> Result<Json<SignedIn>, Problem> {
    let SignInRequest { email, password, org_code, client_id, client_secret } = request;
    let answer = if let (Some(client_id), Some(client_secret)) = (client_id, client_secret) {
        let machine = MachineSignIn { org_code: org_code.unwrap_or_default(), client_id, client_secret };
        SignedIn::machine(machine.token(&state).await?.signed)
    } else {
        let (email, password) = (email.unwrap_or_default(), password.unwrap_or_default());
        sign_user_in(&state, UserSignIn { email, password, org_code }, &source).await?
    };
    Ok(Json(answer))
}

async fn sign_user_in(state: &AuthApp, request: UserSignIn, source: &Source) -> Result<SignedIn, Problem> {
    let table = &state.app.table;
    // A text that is no e-mail address is answered as an address without an account.
    let address = EmailAddress::stored(&request.email);
    let attempts = address.as_ref().map(|address| table.login_attempts(address, source));
    let (credential, target, attempt) = tokio::try_join!(
        credential(table, address.as_ref()),
        target(table, request.org_code.as_deref()),
        check_attempts(attempts)
    )?;

    let hash = credential.as_ref().and_then(|credential| credential.password_hash.as_deref());
    let verified = password::verify(&request.password, hash).await?;
    let Some(credential) = credential.as_ref().filter(|_| verified) else {
        return Err(match attempt {
            Some(attempt) => Problem::wrong_credentials().with_attempts_left(attempt.record_failure(hash).await?),
            None => Problem::wrong_credentials(),
        });
    };

    let user = credential.user_id.clone();
    // Again, for the failures that were counted while the password was verified.
    let (page, attempt) = tokio::try_join!(async { Ok(table.memberships(&user).await?) }, check_again(attempt))?;
    let organizations = async { Ok::<_, Problem>(table.organizations_of(&page.memberships).await?) };
    let session_id = credential.session_id.clone();
    let answer = async {
        match target {
            TargetOrganization::None => {
                let (sub, email_verified) = (user.clone(), credential.email_verified);
                let identity = Identity::User { sub, sid: session_id, email_verified };
                let (signed, organizations) = tokio::try_join!(state.sign(identity, None), organizations)?;
                Ok((TokenUse::User, signed, organizations))
            }
            TargetOrganization::Unknown => Err(unknown_organization("OrgCode")),
            TargetOrganization::Known(id, code) => {
                let (session_id, email_verified) = (Some(session_id), Some(credential.email_verified));
                let user_id = user.clone();
                let subject = TokenSubject { user_id, session_id, email_verified, actor: None, client: None };
                let enriched = async {
                    let here = page.of_organization(table, &user, &id).await?;
                    enrich(state, id, code, subject, &here).await
                };
                let (enriched, organizations) = tokio::try_join!(enriched, organizations)?;
                Ok((TokenUse::Organization, enriched.signed, organizations))
            }
        }
    };
    // Beside what is read for the answer, and also where that is a refusal: the password was right.
    let (answer, noted) = tokio::join!(answer, record_success(attempt));
    noted?;
    let (token_use, signed, organizations) = answer?;
    let organizations = organizations.into_iter().map(UserOrganizationResponse::from).collect();
    Ok(SignedIn::user(token_use, signed, user, organizations, page.next.is_some()))
}

async fn credential(table: &Table, address: Option<&EmailAddress>) -> Result<Option<CredentialRecord>, Problem> {
    match address {
        Some(address) => Ok(table.credential(address).await?),
        None => Ok(None),
    }
}

async fn check_attempts(attempts: Option<LoginAttempts<'_>>) -> Result<Option<AllowedAttempt<'_>>, Problem> {
    match attempts {
        Some(attempts) => Ok(Some(attempts.check().await?)),
        None => Ok(None),
    }
}

async fn check_again(attempt: Option<AllowedAttempt<'_>>) -> Result<Option<AllowedAttempt<'_>>, Problem> {
    match attempt {
        Some(attempt) => Ok(Some(attempt.check_again().await?)),
        None => Ok(None),
    }
}

async fn record_success(attempt: Option<AllowedAttempt<'_>>) -> Result<(), Problem> {
    match attempt {
        Some(attempt) => Ok(attempt.record_success().await?),
        None => Ok(()),
    }
}

/// Which organization a sign-in is for; whether there is such a one is said after the password alone.
enum TargetOrganization {
    None,
    Unknown,
    Known(OrganizationId, OrganizationCode),
}

async fn target(table: &Table, code: Option<&str>) -> Result<TargetOrganization, Problem> {
    let Some(code) = code else { return Ok(TargetOrganization::None) };
    let Some(code) = OrganizationCode::parse(code.trim()) else { return Ok(TargetOrganization::Unknown) };
    let organization = table.organization_by_code(&code).await?;
    Ok(organization.map_or(TargetOrganization::Unknown, |id| TargetOrganization::Known(id, code)))
}
