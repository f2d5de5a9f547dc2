use axum::{Json, extract::State, response::Response};
use serde::Serialize;
use shared::{
    App,
    claims::AdminClaim,
    conditional::Conditions,
    entitlement::EntitlementValue,
    extract::Authenticated,
    ids::{OrganizationCode, OrganizationId},
    openapi::{Failures, ReadConditions, ReadConditionsFail, TokenFailures},
    organization::OrganizationDetails,
    plans::{ActivePlans, Entitlement},
    problem::Problem,
    subscription::SubscriptionResponse,
    table::{self, OrganizationOverview},
};
use utoipa::ToSchema;

/// An organization with what it may use.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OrganizationView {
    organization: OrganizationResponse,
    /// The subscriptions that are active.
    subscriptions: Vec<SubscriptionResponse>,
    /// What the active subscriptions' plans allow, each key once; without any, what the default plan does.
    entitlements: Vec<EntitlementResponse>,
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
#[schema(as = Entitlement)]
pub(crate) struct EntitlementResponse {
    #[schema(examples("price_tiers"))]
    key: &'static str,
    #[schema(examples("Price tiers"))]
    name: &'static str,
    value: EntitlementValue,
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

impl From<Entitlement> for EntitlementResponse {
    fn from(Entitlement { key, name, value }: Entitlement) -> Self {
        Self { key, name, value }
    }
}

impl From<OrganizationOverview> for OrganizationView {
    fn from(overview: OrganizationOverview) -> Self {
        let active = || overview.subscriptions.iter().filter(|subscription| subscription.is_active());
        let plans = ActivePlans::of_keys(active().map(|subscription| subscription.plan.as_str()));
        Self {
            subscriptions: active().cloned().map(SubscriptionResponse::from).collect(),
            entitlements: plans.entitlements().into_iter().map(EntitlementResponse::from).collect(),
            organization: overview.organization.into(),
        }
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
    let tag = overview.organization.tag();
    conditions.answer(&tag, Json(OrganizationView::from(overview)))
}
