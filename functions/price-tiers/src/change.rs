use axum::extract::State;
use shared::{
    App,
    openapi::{BodyFailures, Failures, TokenFailures},
    problem::{OnField, Problem},
    request::{AdminRequest, Body, Fields, FromFields},
    table::PriceTierError,
    text::{CurrencyCode, TierName},
};
use utoipa::ToSchema;

/// What a price tier becomes.
#[derive(ToSchema)]
#[schema(rename_all = "PascalCase")]
pub(crate) struct ChangePriceTier {
    old_name: TierName,
    new_name: TierName,
    /// `USD` where it isn't said.
    #[schema(value_type = Option<CurrencyCode>, default = "USD")]
    currency_code: CurrencyCode,
}

impl FromFields for ChangePriceTier {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let old_name = fields.required("OldName", TierName::parse);
        let new_name = fields.required("NewName", TierName::parse);
        let currency_code = fields.optional("CurrencyCode", CurrencyCode::parse);
        Some(Self {
            old_name: old_name?,
            new_name: new_name?,
            currency_code: currency_code?.unwrap_or_else(CurrencyCode::usd),
        })
    }
}

/// Renames a price tier and sets its currency; its customers stay on it.
#[utoipa::path(
    put,
    path = "/api/organizations/price-tiers",
    tag = "Price tiers",
    security(("bearer" = []), ("key" = [])),
    request_body = ChangePriceTier,
    responses((status = 200, description = "It is changed."), TokenFailures, BodyFailures, Failures)
)]
pub(crate) async fn change_price_tier(
    State(app): State<App>,
    AdminRequest(admin, Body(request)): AdminRequest<Body<ChangePriceTier>>,
) -> Result<(), Problem> {
    let ChangePriceTier { old_name, new_name, currency_code } = request;
    let changed = app.table.organization(&admin).change_price_tier(&old_name, &new_name, &currency_code).await;
    changed.map_err(|error| {
        let field = if matches!(error, PriceTierError::NotFound) { "OldName" } else { "NewName" };
        error.on_field(field)
    })
}
