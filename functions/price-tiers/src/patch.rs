use axum::{Json, extract::State};
use shared::{
    App,
    openapi::{BodyFailures, Failures, TokenFailures},
    problem::{OnField, Problem},
    request::{AdminRequest, Body, non_nullable},
    table::PriceTierError,
    text::{CurrencyCode, TierName},
};
use utoipa::ToSchema;

use crate::{existing::existing_name, list::PriceTierEntry};

shared::request! {
    /// A price tier, and what changes of it; what isn't sent stays.
    #[derive(ToSchema)]
    #[schema(as = UpdatePriceTier, rename_all = "PascalCase")]
    pub(crate) struct UpdatePriceTierRequest {
        /// The tier's present name.
        name: TierName = existing_name,
        new_name: Option<TierName> = non_nullable,
        currency_code: Option<CurrencyCode> = non_nullable,
    }
}

/// Renames a price tier or sets its currency.
///
/// What isn't sent stays. Its customers stay on it.
#[utoipa::path(
    patch,
    path = "/api/organizations/price-tiers",
    tag = "Price tiers",
    security(("bearer" = []), ("key" = [])),
    request_body(content(
        (UpdatePriceTierRequest = "application/json"),
        (UpdatePriceTierRequest = "application/merge-patch+json"),
    )),
    responses(
        (status = 200, description = "The price tier as it is now.", body = PriceTierEntry),
        TokenFailures, BodyFailures, Failures
    )
)]
pub(crate) async fn update_price_tier(
    State(app): State<App>,
    AdminRequest(admin, Body(request)): AdminRequest<Body<UpdatePriceTierRequest>>,
) -> Result<Json<PriceTierEntry>, Problem> {
    let UpdatePriceTierRequest { name, new_name, currency_code } = request;
    let patched = app.table.organization(&admin).replace_price_tier(&name, new_name, currency_code).await;
    let patched = patched.map_err(|error| {
        let field = if matches!(error, PriceTierError::NotFound) { "Name" } else { "NewName" };
        error.on_field(field)
    })?;
    Ok(Json(patched.into()))
}
