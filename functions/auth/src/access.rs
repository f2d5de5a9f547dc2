use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::request::Parts,
};
use serde::Serialize;
use shared::{
    claims::{
        AdminClaim, CallerClaim, Credentials, Operation, Role, TokenError, TokenExchanger, TokenUse, UserSession,
        bearer,
    },
    extract::Authenticated,
    ids::{ClientId, OrganizationCode, OrganizationId, UserId},
    openapi::{BodyFailures, Failures, TokenFailures},
    problem::{FieldCode, FieldError, Problem, ProblemCode},
    request::{Body, Fields, FromFields, JsonObject, Read},
    table::{AccountRecord, ExternalIdentity, SessionEnded, Table},
    text::{CurrencyCode, CustomerNumber, TierName},
};
use utoipa::ToSchema;

use crate::{
    AuthApp,
    enrich::{Enriched, TokenSubject, enrich, no_role},
};

shared::request! {
    /// Which organization the token is to be for, as the document shows it.
    #[derive(ToSchema)]
    #[schema(as = ExchangeToken, rename_all = "PascalCase")]
    pub(crate) struct ExchangeTokenRequest {
        /// The organization's code.
        org_code: Option<OrganizationCode> = org_code,
        /// Another name of `OrgCode`, of which one is needed.
        identity_organization_id: Option<OrganizationCode> = identity_organization_id,
        /// Whose token it is to be: a machine alone says so, and must.
        // `ExchangeForUser` names what is wrong with it, to a machine alone.
        #[schema(value_type = Option<UserId>)]
        user_id: Option<String> = |fields: &mut Fields<'_>, name| Some(fields.json(name)),
    }
}

/// Whether the organization is named by the other name of `OrgCode`, which counts where both are sent.
fn is_by_identity(fields: &Fields<'_>) -> bool {
    fields.has("IdentityOrganizationId") && !fields.has("OrgCode")
}

fn org_code(fields: &mut Fields<'_>, name: &str) -> Read<Option<OrganizationCode>> {
    if is_by_identity(fields) { Some(None) } else { fields.required(name, |text| parse_code(&text)).map(Some) }
}

fn identity_organization_id(fields: &mut Fields<'_>, name: &str) -> Read<Option<OrganizationCode>> {
    if is_by_identity(fields) { fields.required(name, |text| parse_code(&text)).map(Some) } else { Some(None) }
}

fn parse_code(text: &str) -> Result<OrganizationCode, FieldError> {
    OrganizationCode::parse(text.trim()).ok_or_else(|| FieldCode::OrganizationNotFound.says(UNKNOWN))
}

/// A token exchange by a machine, which must also name the user.
struct ExchangeForUser {
    request: ExchangeTokenRequest,
    user_id: String,
}

impl FromFields for ExchangeForUser {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        // Says what is wrong with the user beside what is wrong with the organization.
        let named = fields.required("UserId", Ok::<String, _>);
        let mut request = ExchangeTokenRequest::from_fields(fields)?;
        Some(Self { user_id: named.and(request.user_id.take())?, request })
    }
}

/// A code of another form is answered as any other that no organization has.
const UNKNOWN: &str = "is no organization's code";

/// The answer to a code that no organization has, where the request called it so.
pub(crate) fn unknown_organization(sent_as: &'static str) -> Problem {
    Problem::field(sent_as, FieldCode::OrganizationNotFound.says(UNKNOWN))
}

/// Reads the request of a caller who is no machine, and so can't name a user.
fn request_without_user(fields: JsonObject) -> Result<ExchangeTokenRequest, Problem> {
    if fields.has("UserId") {
        return Err(
            Problem::new(ProblemCode::ActingRefused).detail("Only a machine may enrich a token for another user.")
        );
    }
    Ok(Fields::read(fields)?)
}

/// The token that a caller exchanges (RFC 8693, section 2.1).
pub(crate) enum SubjectToken {
    /// A token or key of this API.
    Internal(TokenExchanger),
    /// The token of a trusted identity provider.
    External(ExternalIdentity),
}

impl FromRequestParts<AuthApp> for SubjectToken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AuthApp) -> Result<Self, Problem> {
        if let Ok(token) = bearer(&parts.headers) {
            return Ok(Self::of(token, state).await?);
        }
        let Authenticated(caller) = Authenticated::from_request_parts(parts, state).await?;
        Ok(Self::Internal(caller))
    }
}

impl SubjectToken {
    /// Verifies the token of a trusted identity provider, or one of this API.
    ///
    /// # Errors
    /// The reason why the token can't be trusted, or can't be exchanged.
    pub(crate) async fn of(token: &str, state: &AuthApp) -> Result<Self, TokenError> {
        if let Some(identity) = state.trusted.identify(token).await? {
            return Ok(Self::External(identity));
        }
        let claims = state.app.verifier.verify(token).await?;
        let caller = TokenExchanger::claim(Credentials::Token(claims.identity.clone()), Operation::Exchange)?;
        Ok(Self::Internal(caller))
    }
}

/// An organization token, and what it says.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OrganizationAccess {
    access_token: String,
    token_use: TokenUse,
    /// `Bearer`.
    token_type: &'static str,
    /// The token's life in seconds.
    expires_in: u64,
    organization_id: OrganizationId,
    user_id: UserId,
    roles: Vec<Role>,
    #[schema(required)]
    customer_number: Option<CustomerNumber>,
    #[schema(required)]
    price_tier: Option<TierName>,
    #[schema(required)]
    currency_code: Option<CurrencyCode>,
}

/// Exchanges a token for an organization token.
///
/// Gives a user a token of one of the user's organizations, by the present state. Gives a machine the token of a user
/// who is associated in its own organization, which names the machine as the actor (RFC 8693) and holds no other role.
/// A token of a trusted issuer whose verified address has an account here stands for that account.
#[utoipa::path(
    post,
    path = "/api/auth/access",
    tag = "Sign-in",
    security(("bearer" = []), ("key" = [])),
    request_body = ExchangeTokenRequest,
    responses(
        (status = 200, description = "The organization token, and what it says.", body = OrganizationAccess),
        TokenFailures, BodyFailures, Failures
    )
)]
pub(crate) async fn exchange_token(
    State(state): State<AuthApp>,
    caller: SubjectToken,
    body: Result<Body<JsonObject>, Problem>,
) -> Result<Json<OrganizationAccess>, Problem> {
    let fields = match body {
        Ok(Body(fields)) => fields,
        Err(problem) => return Err(caller.lost_standing_first(&state, problem).await),
    };
    let enriched = exchange(&state, caller, fields, None).await?;
    let access = OrganizationAccess {
        access_token: enriched.signed.token,
        token_use: TokenUse::Organization,
        token_type: "Bearer",
        expires_in: enriched.signed.expires_in,
        organization_id: enriched.member.organization_id,
        user_id: enriched.member.sub,
        roles: enriched.member.roles,
        customer_number: enriched.member.customer_number,
        price_tier: enriched.member.price_tier,
        currency_code: enriched.member.currency_code,
    };
    Ok(Json(access))
}

/// Exchanges a token by the fields of [`ExchangeTokenRequest`], for a machine where one is the `client`.
pub(crate) async fn exchange(
    state: &AuthApp,
    subject: SubjectToken,
    fields: JsonObject,
    client: Option<ClientId>,
) -> Result<Enriched, Problem> {
    match subject {
        SubjectToken::Internal(TokenExchanger::User(user)) => exchange_user_token(state, user, fields, client).await,
        SubjectToken::Internal(TokenExchanger::Machine(machine)) => exchange_for_machine(state, &machine, fields).await,
        SubjectToken::External(identity) => {
            exchange_external_token(state, identity, request_without_user(fields)?, client).await
        }
    }
}

async fn exchange_user_token(
    state: &AuthApp,
    session: UserSession,
    fields: JsonObject,
    client: Option<ClientId>,
) -> Result<Enriched, Problem> {
    let table = &state.app.table;
    let account = current_account(table, &session);
    let request = match request_without_user(fields) {
        Ok(request) => request,
        Err(problem) => {
            account.await?;
            return Err(problem);
        }
    };
    // Each is awaited: a sign-in that has ended wins over whatever else is wrong.
    let (account, organization, page) =
        tokio::join!(account, request.organization(table), table.memberships(&session.user_id));
    let account = account?;
    let ((organization, code), page) = (organization?, page?);
    let memberships = page.of_organization(table, &session.user_id, &organization).await?;
    enrich(state, organization, code, TokenSubject::user(account, client), &memberships).await
}

/// The account of a user token whose sign-in is the current one.
async fn current_account(table: &Table, session: &UserSession) -> Result<AccountRecord, Problem> {
    let account = table.account(&session.user_id).await?.ok_or(SessionEnded)?;
    account.require_session(&session.session_id)?;
    Ok(account)
}

impl SubjectToken {
    /// The answer to a request that can't be used: a sign-in or a role that no longer holds wins over `problem`.
    async fn lost_standing_first(&self, state: &AuthApp, problem: Problem) -> Problem {
        let table = &state.app.table;
        let standing = match self {
            Self::Internal(TokenExchanger::User(session)) => current_account(table, session).await.map(drop),
            Self::Internal(TokenExchanger::Machine(machine)) => {
                table.organization(machine).check().await.map_err(Problem::from)
            }
            Self::External(_) => Ok(()),
        };
        standing.err().unwrap_or(problem)
    }
}

async fn exchange_for_machine(state: &AuthApp, machine: &AdminClaim, fields: JsonObject) -> Result<Enriched, Problem> {
    let table = &state.app.table;
    let scope = table.organization(machine);
    let request = scope.lost_role_first(Fields::read(fields.clone()).map_err(Problem::from)).await;
    let ExchangeForUser { request, user_id } = match request {
        Ok(request) => request,
        Err(problem) => return Err(other_organization_first(table, machine, fields, problem).await),
    };
    // A text that is no user id at all is answered as any other user who isn't associated.
    let user = UserId::parse(&user_id);
    let memberships = async {
        match &user {
            Some(user) => table.memberships_in(user, machine.organization_id()).await,
            None => Ok(Vec::new()),
        }
    };
    let (role, organization, memberships) = tokio::join!(scope.check(), request.organization(table), memberships);
    role?;
    let ((organization, code), mut memberships): (_, Vec<_>) = (organization?, memberships?);
    if organization != *machine.organization_id() {
        return Err(not_its_own());
    }
    memberships.retain(|membership| membership.role == Role::Customer);
    let user_id = user.ok_or_else(no_role)?;
    let actor = machine.actor();
    let client = actor.as_ref().map(|machine| machine.sub.clone());
    let subject = TokenSubject { user_id, session_id: None, email_verified: None, actor, client };
    enrich(state, organization, code, subject, &memberships).await
}

fn not_its_own() -> Problem {
    Problem::new(ProblemCode::ForeignOrganization).detail("A machine may enrich tokens of its own organization alone.")
}

/// The answer to a machine's request that can't be used: that it asks for another organization wins over `problem`.
async fn other_organization_first(
    table: &Table,
    machine: &AdminClaim,
    fields: JsonObject,
    problem: Problem,
) -> Problem {
    if let Ok(request) = Fields::read::<ExchangeTokenRequest>(fields)
        && request.organization(table).await.is_ok_and(|(organization, _)| organization != *machine.organization_id())
    {
        return not_its_own();
    }
    problem
}

/// Gives the owner of an account, identified by a trusted identity provider, a token of one of the owner's
/// organizations.
async fn exchange_external_token(
    state: &AuthApp,
    identity: ExternalIdentity,
    request: ExchangeTokenRequest,
    client: Option<ClientId>,
) -> Result<Enriched, Problem> {
    let table = &state.app.table;
    // Both are awaited to their end: a binding that has begun must not be dropped half-way.
    let (account, organization) = tokio::join!(table.account_of(&identity), request.organization(table));
    let (account, (organization, code)) = (account?, organization?);
    let memberships = table.memberships_in(&account.user_id, &organization).await?;
    enrich(state, organization, code, TokenSubject::user(account, client), &memberships).await
}

impl ExchangeTokenRequest {
    /// The organization's code, and the field that named it.
    fn code(&self) -> Option<(&OrganizationCode, &'static str)> {
        let by_identity = || self.identity_organization_id.as_ref().map(|code| (code, "IdentityOrganizationId"));
        self.org_code.as_ref().map(|code| (code, "OrgCode")).or_else(by_identity)
    }

    async fn organization(&self, table: &Table) -> Result<(OrganizationId, OrganizationCode), Problem> {
        // Reading the request asked for one of the two.
        let (code, sent_as) =
            self.code().ok_or_else(|| Problem::field("OrgCode", FieldCode::Required.says("is required")))?;
        let organization = table.organization_by_code(code).await?;
        let organization = organization.ok_or_else(|| unknown_organization(sent_as))?;
        Ok((organization, code.clone()))
    }
}
