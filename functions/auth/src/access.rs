use axum::{Json, extract::State};
use serde::Serialize;
use shared::{
    claims::{Role, User},
    ids::{OrganizationCode, OrganizationId, UserId},
    openapi::{BodyFailures, Failures, TokenFailures},
    problem::Problem,
    request::{Body, Fields, FromFields},
    table::Error,
    text::{CurrencyCode, CustomerNumber, TierName},
};
use utoipa::ToSchema;

use crate::{AuthApp, NO_STORE, NoStore, enrich::enrich};

/// Which organization the token is to be for.
pub(crate) struct EnrichToken {
    org_code: OrganizationCode,
    /// The field's name as it was sent.
    sent_as: &'static str,
    /// Whether the token is to be somebody else's.
    names_user: bool,
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
}

impl FromFields for EnrichToken {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let parse = |text: String| OrganizationCode::parse(text.trim()).ok_or_else(|| UNKNOWN.to_owned());
        let names = ["OrgCode", "IdentityOrganizationId"];
        let sent_as = names.into_iter().find(|name| fields.has(name)).unwrap_or(names[0]);
        let names_user = fields.has("UserId");
        Some(Self { org_code: fields.required(sent_as, parse)?, sent_as, names_user })
    }
}

/// A code of another form is answered as any other that no organization has.
const UNKNOWN: &str = "is no organization's code";

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

/// Exchanges a user token for a token of one of the user's organizations, by the present state.
#[utoipa::path(
    post,
    path = "/api/auth/access",
    tag = "Sign-in",
    security(("bearer" = [])),
    request_body = EnrichTokenBody,
    responses((status = 200, body = OrganizationAccess), TokenFailures, BodyFailures, Failures)
)]
pub(crate) async fn enrich_token(
    State(state): State<AuthApp>,
    user: User,
    Body(request): Body<EnrichToken>,
) -> Result<(NoStore, Json<OrganizationAccess>), Problem> {
    if request.names_user {
        return Err(Problem::forbidden("Only a machine may enrich a token for another user."));
    }
    let table = &state.app.table;
    let organization = table.organization_by_code(&request.org_code);
    let (organization, memberships) = match tokio::try_join!(organization, table.memberships(user.user_id())) {
        Ok(read) => read,
        Err(Error::UnknownOrganizationCode) => return Err(Problem::field(request.sent_as, UNKNOWN)),
        Err(error) => return Err(error.into()),
    };
    let enriched = enrich(&state, organization, request.org_code, user.user_id().clone(), &memberships).await?;
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
