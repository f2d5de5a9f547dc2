use std::collections::HashSet;

use axum::{Json, extract::State, response::Response};
use serde::Serialize;
use shared::{
    App,
    claims::AdminClaim,
    conditional::{Conditions, EntityTag, tag_of_json},
    extract::Authenticated,
    ids::{OrganizationCode, OrganizationId},
    openapi::{Failures, ReadConditions, ReadConditionsFail, TokenFailures},
    organization::OrganizationDetails,
    problem::Problem,
    table::{self, OrganizationOverview},
};
use utoipa::ToSchema;

/// An organization with what it may use.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OrganizationView {
    organization: OrganizationResponse,
    /// The subscriptions that are active.
    subscriptions: Vec<Subscription>,
    /// What the active subscriptions' plans allow, each key once.
    entitlements: Vec<Entitlement>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Organization)]
pub(crate) struct OrganizationResponse {
    organization_id: OrganizationId,
    identity_organization_id: OrganizationCode,
    /// Equals `IdentityOrganizationId`.
    slug: OrganizationCode,
    #[serde(flatten)]
    details: OrganizationDetails,
    #[schema(format = "date-time")]
    created_at: String,
    #[schema(format = "date-time")]
    updated_at: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the contract's names")]
pub(crate) struct Subscription {
    subscription_id: String,
    plan: String,
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    current_period_end: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Entitlement {
    key: String,
    name: String,
    value: String,
}

impl From<table::OrganizationRecord> for OrganizationResponse {
    fn from(organization: table::OrganizationRecord) -> Self {
        Self {
            organization_id: organization.id,
            identity_organization_id: organization.code.clone(),
            slug: organization.code,
            details: organization.details,
            created_at: organization.created_at,
            updated_at: organization.updated_at,
        }
    }
}

impl From<OrganizationOverview> for OrganizationView {
    fn from(overview: OrganizationOverview) -> Self {
        let (mut subscriptions, mut entitlements, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
        for subscription in overview.subscriptions {
            if subscription.status != "active" {
                continue;
            }
            for entitlement in subscription.entitlements {
                if seen.insert(entitlement.key.clone()) {
                    let table::EntitlementRecord { key, name, value } = entitlement;
                    entitlements.push(Entitlement { key, name, value });
                }
            }
            subscriptions.push(Subscription {
                subscription_id: subscription.id,
                plan: subscription.plan,
                status: subscription.status,
                current_period_end: subscription.current_period_end,
            });
        }
        Self { organization: overview.organization.into(), subscriptions, entitlements }
    }
}

impl OrganizationView {
    /// The tag of what is shown beside the settings, and changes without their version.
    fn beside_settings(&self) -> Result<Option<EntityTag>, Problem> {
        if self.subscriptions.is_empty() {
            return Ok(None);
        }
        tag_of_json(&(&self.subscriptions, &self.entitlements)).map(Some)
    }
}

/// Shows the organization of the caller.
///
/// Its settings, its active subscriptions and what they allow.
#[utoipa::path(
    get,
    path = "/api/organization",
    tag = "Organizations",
    security(("bearer" = []), ("key" = [])),
    params(ReadConditions),
    responses(
        (status = 200, description = "The organization.", body = OrganizationView,
            headers(("ETag" = String, description = "The version of all that is shown"))),
        ReadConditionsFail,
        TokenFailures,
        Failures,
    )
)]
pub(crate) async fn get_organization(
    State(app): State<App>,
    conditions: Conditions,
    Authenticated(admin): Authenticated<AdminClaim>,
) -> Result<Response, Problem> {
    let overview = app.table.organization(&admin).overview().await?;
    let organization = overview.organization.clone();
    let view = OrganizationView::from(overview);
    let tag = view.beside_settings()?.map_or_else(|| organization.tag(), |beside| organization.tag_with(&beside));
    conditions.answer(&tag, Json(view))
}
