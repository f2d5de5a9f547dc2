use axum::{Json, extract::State};
use serde::Serialize;
use shared::{
    claims::{Role, User},
    ids::{OrganizationCode, OrganizationId, UserId},
    openapi::{BodyFailures, Failures, TokenFailures},
    problem::Problem,
    request::{Body, Fields, FromFields},
    text::{CurrencyCode, CustomerNumber, TierName},
};
use utoipa::ToSchema;

use crate::{AuthApp, enrich::enrich};

/// Which organization the token is to be for.
#[derive(ToSchema)]
#[schema(rename_all = "PascalCase")]
pub(crate) struct EnrichToken {
    /// The organization's code; `IdentityOrganizationId` is accepted as its name.
    org_code: OrganizationCode,
}

impl FromFields for EnrichToken {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let parse = |text: String| OrganizationCode::parse(text.trim()).ok_or_else(|| UNKNOWN.to_owned());
        let org_code = match fields.optional("IdentityOrganizationId", parse)? {
            Some(code) => code,
            None => fields.required("OrgCode", parse)?,
        };
        Some(Self { org_code })
    }
}

/// A code of another form is answered as any other that no organization has.
pub(crate) const UNKNOWN: &str = "is no organization's code";

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
    customer_number: Option<CustomerNumber>,
    price_tier: Option<TierName>,
    currency_code: Option<CurrencyCode>,
}

/// Exchanges a user token for a token of one of the user's organizations, by the present state.
#[utoipa::path(
    post,
    path = "/api/auth/access",
    tag = "Sign-in",
    security(("bearer" = [])),
    request_body = EnrichToken,
    responses((status = 200, body = OrganizationAccess), TokenFailures, BodyFailures, Failures)
)]
pub(crate) async fn enrich_token(
    State(state): State<AuthApp>,
    user: User,
    Body(request): Body<EnrichToken>,
) -> Result<Json<OrganizationAccess>, Problem> {
    let table = &state.app.table;
    let organization = table.organization_by_code(&request.org_code);
    let (organization, memberships) = tokio::try_join!(organization, table.memberships(user.user_id()))?;
    let enriched = enrich(&state, organization, request.org_code, user.user_id().clone(), &memberships).await?;
    Ok(Json(OrganizationAccess {
        access_token: enriched.signed.token,
        token_type: "Bearer",
        expires_in: enriched.signed.expires_in,
        organization_id: enriched.member.organization_id,
        user_id: enriched.member.sub,
        roles: enriched.member.roles,
        customer_number: enriched.member.customer_number,
        price_tier: enriched.member.price_tier,
        currency_code: enriched.member.currency_code,
    }))
}
