use axum::{Json, extract::State};
use shared::{
    ids::OrganizationId,
    openapi::{Failures, NoSuchSubscription, OperatorFailures},
    problem::Problem,
    subscription::{SubscriptionId, SubscriptionResponse},
};

use crate::{BillingApp, operator::Operator, path::SubscriptionPath};

/// Ends a subscription of an organization.
///
/// By a key of the platform's operator. What its plan allowed ends at once, and what the organization has beyond
/// its limits stays.
#[utoipa::path(
    delete,
    path = "/api/platform/organizations/{OrganizationId}/subscriptions/{SubscriptionId}",
    tag = "Platform",
    security(("operator" = [])),
    params(("OrganizationId" = OrganizationId, Path), ("SubscriptionId" = SubscriptionId, Path)),
    responses(
        (status = 200, description = "The subscription as it ended: `canceled`.", body = SubscriptionResponse),
        OperatorFailures, NoSuchSubscription, Failures
    )
)]
pub(crate) async fn end_subscription(
    State(state): State<BillingApp>,
    Operator(operator): Operator,
    path: SubscriptionPath,
) -> Result<Json<SubscriptionResponse>, Problem> {
    let (organization, id) = path.ids()?;
    let ended = state.app.table.end_subscription(&organization, &id).await?;
    tracing::info!(operator, %organization, plan = ended.plan, "ended a subscription");
    Ok(Json(ended.into()))
}
