use axum::extract::State;
use shared::{
    App,
    openapi::{BodyFailures, Failures, TokenFailures},
    problem::{OnField, Problem},
    request::{AdminRequest, BodyOrQuery},
    text::TierName,
};
use utoipa::{IntoParams, ToSchema};

use crate::existing::existing_name;

shared::request! {
    /// Which price tier goes: in the body or, for clients that drop a DELETE's body, in the query.
    #[derive(ToSchema, IntoParams)]
    #[schema(as = DeletePriceTier, rename_all = "PascalCase")]
    #[into_params(rename_all = "PascalCase", parameter_in = Query)]
    pub(crate) struct DeletePriceTierRequest {
        #[param(value_type = Option<String>, min_length = 1, max_length = 100)]
        name: TierName = existing_name,
    }
}

/// Removes a price tier that no customer is on.
///
/// The tier is named in the body or in the query.
#[utoipa::path(
    delete,
    path = "/api/organizations/price-tiers",
    tag = "Price tiers",
    security(("bearer" = []), ("key" = [])),
    params(DeletePriceTierRequest),
    request_body(content = Option<DeletePriceTierRequest>),
    responses((status = 200, description = "It is gone."), TokenFailures, BodyFailures, Failures)
)]
pub(crate) async fn delete_price_tier(
    State(app): State<App>,
    AdminRequest(admin, BodyOrQuery(request)): AdminRequest<BodyOrQuery<DeletePriceTierRequest>>,
) -> Result<(), Problem> {
    let removed = app.table.organization(&admin).delete_price_tier(&request.name).await;
    removed.map_err(|error| error.on_field("Name"))
}
