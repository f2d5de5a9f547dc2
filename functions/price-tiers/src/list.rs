use axum::{Json, extract::State};
use serde::Serialize;
use shared::{
    App,
    claims::AdminClaim,
    extract::Authenticated,
    openapi::{Failures, TokenFailures},
    problem::Problem,
    table::PriceTierRecord,
    text::{CurrencyCode, TierName},
};
use utoipa::ToSchema;

/// A price tier.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = PriceTier)]
pub(crate) struct PriceTierEntry {
    name: TierName,
    currency_code: CurrencyCode,
}

impl From<PriceTierRecord> for PriceTierEntry {
    fn from(tier: PriceTierRecord) -> Self {
        Self { name: tier.name, currency_code: tier.currency_code }
    }
}

/// Lists the price tiers.
///
/// By name.
#[utoipa::path(
    get,
    path = "/api/organizations/price-tiers",
    tag = "Price tiers",
    security(("bearer" = []), ("key" = [])),
    responses((status = 200, description = "Every price tier.", body = [PriceTierEntry]), TokenFailures, Failures)
)]
pub(crate) async fn list_price_tiers(
    State(app): State<App>,
    Authenticated(admin): Authenticated<AdminClaim>,
) -> Result<Json<Vec<PriceTierEntry>>, Problem> {
    let tiers = app.table.organization(&admin).price_tiers().await?;
    Ok(Json(tiers.into_iter().map(PriceTierEntry::from).collect()))
}
