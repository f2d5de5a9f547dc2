use axum::{Json, extract::State};
use shared::{
    expiry::PointInTime,
    ids::OrganizationId,
    openapi::{BodyFailures, Failures, NoSuchSubscription, OperatorFailures},
    plans::Plan,
    problem::{FieldCode, FieldError, Problem},
    request::{Body, Fields, Read},
    rfc3339,
    subscription::{SubscriptionId, SubscriptionResponse, SubscriptionStatus},
    table::SubscriptionRecord,
};
use utoipa::ToSchema;

use crate::{BillingApp, operator::Operator, path::SubscriptionPath};

shared::request! {
    /// The subscription to be.
    #[derive(ToSchema)]
    #[schema(as = PutSubscription, rename_all = "PascalCase")]
    pub(crate) struct PutSubscriptionRequest {
        /// The key of a plan of the catalogue.
        #[schema(value_type = String, pattern = "^[0-9a-z_]{1,40}$", examples("growth"))]
        plan: &'static Plan = plan,
        /// `active`, `trialing` and `past_due` entitle to the plan.
        status: SubscriptionStatus,
        /// When the paid period ends. The subscription goes on until its status says otherwise.
        #[schema(value_type = Option<String>, format = DateTime)]
        current_period_end: Option<PointInTime>,
    }
}

fn plan(fields: &mut Fields<'_>, name: &str) -> Read<&'static Plan> {
    fields.required(name, |key: String| parse_plan(&key))
}

fn parse_plan(key: &str) -> Result<&'static Plan, FieldError> {
    Plan::of_key(key.trim()).ok_or_else(|| {
        let keys: Vec<_> = Plan::all().iter().map(|plan| plan.key).collect();
        FieldCode::NotAllowed.says(format!("must be one of {}", keys.join(", ")))
    })
}

/// Sets a subscription of an organization.
///
/// Makes it or replaces it, by a key of the platform's operator. What its plan allows shows at once, and in each token
/// that is made from then on.
#[utoipa::path(
    put,
    path = "/api/platform/organizations/{OrganizationId}/subscriptions/{SubscriptionId}",
    tag = "Platform",
    security(("operator" = [])),
    params(("OrganizationId" = OrganizationId, Path), ("SubscriptionId" = SubscriptionId, Path)),
    request_body = PutSubscriptionRequest,
    responses(
        (status = 200, description = "The subscription as it is now.", body = SubscriptionResponse),
        OperatorFailures, NoSuchSubscription, BodyFailures, Failures
    )
)]
pub(crate) async fn put_subscription(
    State(state): State<BillingApp>,
    Operator(operator): Operator,
    path: SubscriptionPath,
    Body(request): Body<PutSubscriptionRequest>,
) -> Result<Json<SubscriptionResponse>, Problem> {
    let (organization, id) = path.ids()?;
    let end = request.current_period_end.map(|end| rfc3339(end.seconds()));
    let subscription = SubscriptionRecord::new(id.as_str(), request.plan.key, request.status, end);
    state.app.table.set_subscription(&organization, &subscription).await?;
    let (plan, status) = (request.plan.key, request.status.as_str());
    tracing::info!(operator, %organization, plan, status, "set a subscription");
    Ok(Json(subscription.into()))
}
