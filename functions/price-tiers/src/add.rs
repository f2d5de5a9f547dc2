use axum::extract::State;
use shared::{
    App,
    openapi::{BodyFailures, Failures, TokenFailures},
    problem::Problem,
    request::{Body, ByAdmin, Fields, FromFields},
    table::PriceTier,
    text::{CurrencyCode, TierName},
};
use utoipa::ToSchema;

/// A new price tier.
#[derive(ToSchema)]
#[schema(rename_all = "PascalCase")]
pub(crate) struct AddPriceTier {
    name: TierName,
    currency_code: CurrencyCode,
}

impl FromFields for AddPriceTier {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.required("Name", TierName::parse);
        let currency_code = fields.required("CurrencyCode", CurrencyCode::parse);
        Some(Self { name: name?, currency_code: currency_code? })
    }
}

/// Adds a price tier; an organization may have 100.
#[utoipa::path(
    post,
    path = "/api/organizations/price-tiers",
    tag = "Price tiers",
    security(("bearer" = []), ("key" = [])),
    request_body = AddPriceTier,
    responses((status = 200, description = "It is there."), TokenFailures, BodyFailures, Failures)
)]
pub(crate) async fn add_price_tier(
    State(app): State<App>,
    ByAdmin(admin, Body(request)): ByAdmin<Body<AddPriceTier>>,
) -> Result<(), Problem> {
    let tier = PriceTier::new(request.name, request.currency_code);
    Ok(app.table.organization(&admin).add_price_tier(&tier).await?)
}
