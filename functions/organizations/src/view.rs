use std::collections::HashSet;

use axum::{
    Json,
    extract::State,
    http::header::ETAG,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use shared::{
    App,
    claims::AdminClaim,
    extract::Authenticated,
    ids::{OrganizationCode, OrganizationId},
    openapi::{Failures, TokenFailures},
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

/// Shows the organization of the caller.
///
/// Its settings, its active subscriptions and what they allow.
#[utoipa::path(
    get,
    path = "/api/organization",
    tag = "Organizations",
    security(("bearer" = []), ("key" = [])),
    responses(
        (status = 200, description = "The organization.", body = OrganizationView,
            headers(("ETag" = String, description = "The record's version"))),
        TokenFailures,
        Failures,
    )
)]
pub(crate) async fn get_organization(
    State(app): State<App>,
    Authenticated(admin): Authenticated<AdminClaim>,
) -> Result<Response, Problem> {
    let overview = app.table.organization(&admin).overview().await?;
    let version = entity_tag(overview.organization.version);
    Ok(([(ETAG, version)], Json(OrganizationView::from(overview))).into_response())
}

/// A record's version as a strong entity tag (RFC 9110, section 8.8.3).
pub(crate) fn entity_tag(version: u64) -> String {
    format!("\"{version}\"")
}

/// The version that a strong entity tag of ours names.
pub(crate) fn version_of(tag: &str) -> Option<u64> {
    let version = tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok()?;
    (entity_tag(version) == tag).then_some(version)
}
