use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::request::Parts,
};
use serde::Serialize;
use serde_json::{Map, Value};
use shared::{
    claims::{AdminClaim, Role, TokenExchanger, UserSession, bearer},
    extract::Authenticated,
    ids::{OrganizationCode, OrganizationId, UserId},
    openapi::{BodyFailures, Failures, TokenFailures},
    problem::Problem,
    request::{Body, Fields, FromFields, JsonObject},
    table::{Account, Error, ExternalIdentity, Table},
    text::{CurrencyCode, CustomerNumber, TierName},
};
use utoipa::ToSchema;

use crate::{
    AuthApp, NO_STORE, NoStore,
    enrich::{Enriched, Whose, enrich},
};

/// Which organization the token is to be for.
struct EnrichToken {
    org_code: OrganizationCode,
    /// The field's name as it was sent.
    sent_as: &'static str,
}

/// The same, and whose token it is to be: what a machine says.
struct EnrichTokenOf {
    request: EnrichToken,
    user_id: String,
}

/// Which organization the token is to be for, as the document shows it.
#[derive(ToSchema)]
#[schema(as = EnrichToken, rename_all = "PascalCase")]
#[expect(dead_code, reason = "it is read by the derive alone")]
pub(crate) struct EnrichTokenBody {
    /// The organization's code.
    org_code: Option<OrganizationCode>,
    /// Another name of `OrgCode`, of which one is needed.
    identity_organization_id: Option<OrganizationCode>,
    /// Whose token it is to be: a machine alone says so, and must.
    user_id: Option<UserId>,
}

impl FromFields for EnrichToken {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let parse = |text: String| OrganizationCode::parse(text.trim()).ok_or_else(|| UNKNOWN.to_owned());
        let names = ["OrgCode", "IdentityOrganizationId"];
        let sent_as = names.into_iter().find(|name| fields.has(name)).unwrap_or(names[0]);
        Some(Self { org_code: fields.required(sent_as, parse)?, sent_as })
    }
}

impl FromFields for EnrichTokenOf {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let (request, user_id) = (EnrichToken::from_fields(fields), fields.required("UserId", Ok));
        Some(Self { request: request?, user_id: user_id? })
    }
}

/// A code of another form is answered as any other that no organization has.
const UNKNOWN: &str = "is no organization's code";

/// Reads what anybody but a machine says, who can't name a user.
fn of_the_caller(fields: Map<String, Value>) -> Result<EnrichToken, Problem> {
    if fields.get("UserId").is_some_and(|user| !user.is_null()) {
        return Err(Problem::forbidden("Only a machine may enrich a token for another user."));
    }
    Ok(Fields::read(fields)?)
}

/// Who asks for a token.
pub(crate) enum Applicant {
    /// The holder of a token or key of ours.
    Ours(TokenExchanger),
    /// Whom another issuer identified, one that is trusted.
    Foreign(ExternalIdentity),
}

impl FromRequestParts<AuthApp> for Applicant {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AuthApp) -> Result<Self, Problem> {
        if let Ok(token) = bearer(&parts.headers)
            && let Some(identity) = state.trusted.identify(token).await?
        {
            return Ok(Self::Foreign(identity));
        }
        let Authenticated(caller) = Authenticated::from_request_parts(parts, state).await?;
        Ok(Self::Ours(caller))
    }
}

/// An organization token, and what it says.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OrganizationAccess {
    access_token: String,
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

/// Exchanges a user token for a token of one of the user's organizations, by the present state; or gives a machine the token of
/// a user who is associated in its own organization, which names the machine as the actor (RFC 8693) and holds no other role. A
/// token of a trusted issuer whose verified address has an account here stands for that account.
#[utoipa::path(
    post,
    path = "/api/auth/access",
    tag = "Sign-in",
    security(("bearer" = []), ("key" = [])),
    request_body = EnrichTokenBody,
    responses((status = 200, body = OrganizationAccess), TokenFailures, BodyFailures, Failures)
)]
pub(crate) async fn enrich_token(
    State(state): State<AuthApp>,
    caller: Applicant,
    body: Result<Body<JsonObject>, Problem>,
) -> Result<(NoStore, Json<OrganizationAccess>), Problem> {
    let fields = match body {
        Ok(Body(JsonObject(fields))) => fields,
        Err(problem) => {
            // A caller whose token or key no longer holds learns that first.
            caller.require_standing(&state).await?;
            return Err(problem);
        }
    };
    let enriched = match caller {
        Applicant::Ours(TokenExchanger::User(user)) => by_user(&state, user, fields).await?,
        Applicant::Ours(TokenExchanger::Machine(machine)) => by_machine(&state, &machine, fields).await?,
        Applicant::Foreign(identity) => by_identity(&state, identity, of_the_caller(fields)?).await?,
    };
    let access = OrganizationAccess {
        access_token: enriched.signed.token,
        token_type: "Bearer",
        expires_in: enriched.signed.expires_in,
        organization_id: enriched.member.organization_id,
        user_id: enriched.member.sub,
        roles: enriched.member.roles,
        customer_number: enriched.member.customer_number,
        price_tier: enriched.member.price_tier,
        currency_code: enriched.member.currency_code,
    };
    Ok((NO_STORE, Json(access)))
}

async fn by_user(state: &AuthApp, session: UserSession, fields: Map<String, Value>) -> Result<Enriched, Problem> {
    let table = &state.app.table;
    let user = &session.user_id;
    let account = present_account(table, &session);
    let request = match of_the_caller(fields) {
        Ok(request) => request,
        Err(problem) => {
            account.await?;
            return Err(problem);
        }
    };
    // Each is awaited: a sign-in that has ended wins over whatever else is wrong.
    let (account, organization, memberships) =
        tokio::join!(account, request.organization(table), table.memberships(user));
    let account = account?;
    let (organization, memberships) = (organization?, memberships?);
    let whose = Whose { user: account.user_id, proven: Some(account.proven), act: None };
    enrich(state, organization, request.org_code, whose, &memberships).await
}

/// The account of a user token whose sign-in is the present one.
async fn present_account(table: &Table, session: &UserSession) -> Result<Account, Error> {
    let account = table.account(&session.user_id).await?.ok_or(Error::SessionEnded)?;
    account.require_session(&session.session_id)?;
    Ok(account)
}

impl Applicant {
    /// Asks whether the caller's sign-in or credential still holds; whom another issuer identified has none here.
    async fn require_standing(&self, state: &AuthApp) -> Result<(), Error> {
        let table = &state.app.table;
        match self {
            Self::Ours(TokenExchanger::User(session)) => present_account(table, session).await.map(drop),
            Self::Ours(TokenExchanger::Machine(machine)) => table.organization(machine).require_admin().await,
            Self::Foreign(_) => Ok(()),
        }
    }
}

async fn by_machine(state: &AuthApp, machine: &AdminClaim, fields: Map<String, Value>) -> Result<Enriched, Problem> {
    let table = &state.app.table;
    let (request, user_id) = match Fields::read(fields.clone()) {
        Ok(EnrichTokenOf { request, user_id }) => (request, user_id),
        Err(errors) => {
            table.organization(machine).require_admin().await?;
            // That it asks for another organization wins over what else is wrong.
            if let Ok(request) = Fields::read::<EnrichToken>(fields)
                && request
                    .organization(table)
                    .await
                    .is_ok_and(|organization| organization != *machine.organization_id())
            {
                return Err(Problem::forbidden(NOT_ITS_OWN));
            }
            return Err(errors.into());
        }
    };
    // What is no user id at all is answered as any other that isn't associated.
    let user = UserId::parse(&user_id);
    let memberships = async {
        match &user {
            Some(user) => table.memberships(user).await,
            None => Ok(Vec::new()),
        }
    };
    let machine_table = table.organization(machine);
    let (role, organization, memberships) =
        tokio::join!(machine_table.require_admin(), request.organization(table), memberships);
    role?;
    let (organization, mut memberships): (_, Vec<_>) = (organization?, memberships?);
    if organization != *machine.organization_id() {
        return Err(Problem::forbidden(NOT_ITS_OWN));
    }
    memberships.retain(|membership| membership.role == Role::Customer);
    let user = user.ok_or(Error::NoAccessToOrganization)?;
    let whose = Whose { user, proven: None, act: machine.actor() };
    enrich(state, organization, request.org_code, whose, &memberships).await
}

const NOT_ITS_OWN: &str = "A machine may enrich tokens of its own organization alone.";

/// Gives the owner of an account, whom a trusted issuer identified, a token of one of the owner's organizations.
async fn by_identity(state: &AuthApp, identity: ExternalIdentity, request: EnrichToken) -> Result<Enriched, Problem> {
    let table = &state.app.table;
    // Each to its end: a binding that has begun is not to be dropped half-way.
    let (account, organization) = tokio::join!(table.account_of(&identity), request.organization(table));
    let (account, organization) = (account?, organization?);
    let memberships = table.memberships(&account.user_id).await?;
    let whose = Whose { user: account.user_id, proven: Some(account.proven), act: None };
    enrich(state, organization, request.org_code, whose, &memberships).await
}

impl EnrichToken {
    async fn organization(&self, table: &Table) -> Result<OrganizationId, Problem> {
        match table.organization_by_code(&self.org_code).await {
            Err(Error::UnknownOrganizationCode) => Err(Problem::field(self.sent_as, UNKNOWN)),
            organization => Ok(organization?),
        }
    }
}
