use axum::extract::State;
use shared::{
    App,
    openapi::{BodyFailures, Failures, TokenFailures},
    problem::{OnField, Problem},
    request::{AdminRequest, Body, Fields},
    table::PriceTierError,
    text::{CurrencyCode, TierName},
};
use utoipa::ToSchema;

use crate::existing::existing_name;

shared::request! {
    /// A price tier, and what becomes of it.
    #[derive(ToSchema)]
    #[schema(as = ReplacePriceTier, rename_all = "PascalCase")]
    pub(crate) struct ReplacePriceTierRequest {
        old_name: TierName = existing_name,
        new_name: TierName,
        /// `USD` where it isn't said.
        #[schema(value_type = Option<CurrencyCode>)]
        currency_code: CurrencyCode = usd_by_default,
    }
}

fn usd_by_default(fields: &mut Fields<'_>, name: &str) -> Option<CurrencyCode> {
    fields.text(name, CurrencyCode::parse).or(CurrencyCode::usd())
}

/// Renames a price tier and sets its currency.
///
/// Its customers stay on it. Without a `CurrencyCode` it becomes `USD`: to rename alone, use `PATCH`.
#[utoipa::path(
    put,
    path = "/api/organizations/price-tiers",
    tag = "Price tiers",
    security(("bearer" = []), ("key" = [])),
    request_body = ReplacePriceTierRequest,
    responses((status = 200, description = "It is changed."), TokenFailures, BodyFailures, Failures)
)]
pub(crate) async fn replace_price_tier(
    State(app): State<App>,
    AdminRequest(admin, Body(request)): AdminRequest<Body<ReplacePriceTierRequest>>,
) -> Result<(), Problem> {
    let ReplacePriceTierRequest { old_name, new_name, currency_code } = request;
    let scope = app.table.organization(&admin);
    let changed = scope.replace_price_tier(&old_name, Some(new_name), Some(currency_code)).await;
    changed.map_err(|error| {
        let field = if matches!(error, PriceTierError::NotFound) { "OldName" } else { "NewName" };
        error.on_field(field)
    })?;
    Ok(())
}
