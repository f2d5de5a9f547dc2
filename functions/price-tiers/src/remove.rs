use axum::extract::State;
use shared::{
    App,
    openapi::{BodyFailures, Failures, TokenFailures},
    problem::{OnField, Problem},
    request::{AdminRequest, BodyOrQuery, Fields, FromFields},
    text::TierName,
};
use utoipa::{IntoParams, ToSchema};

/// Which price tier goes: in the body or, for clients that drop a DELETE's body, in the query.
#[derive(ToSchema, IntoParams)]
#[schema(rename_all = "PascalCase")]
#[into_params(rename_all = "PascalCase", parameter_in = Query)]
pub(crate) struct RemovePriceTier {
    #[param(value_type = Option<String>)]
    name: TierName,
}

impl FromFields for RemovePriceTier {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { name: fields.required("Name", TierName::parse)? })
    }
}

/// Removes a price tier that no customer is on.
#[utoipa::path(
    delete,
    path = "/api/organizations/price-tiers",
    tag = "Price tiers",
    security(("bearer" = []), ("key" = [])),
    params(RemovePriceTier),
    request_body(content = Option<RemovePriceTier>),
    responses((status = 200, description = "It is gone."), TokenFailures, BodyFailures, Failures)
)]
pub(crate) async fn remove_price_tier(
    State(app): State<App>,
    AdminRequest(admin, BodyOrQuery(request)): AdminRequest<BodyOrQuery<RemovePriceTier>>,
) -> Result<(), Problem> {
    let removed = app.table.organization(&admin).remove_price_tier(&request.name).await;
    removed.map_err(|error| error.on_field("Name"))
}
