use axum::extract::State;
use shared::{
    App,
    openapi::{BodyFailures, Failures, IdempotencyKey, KeyFailures, TokenFailures},
    problem::{OnField, Problem},
    request::{AdminRequest, Idempotent, Replayed},
    table::PriceTierRecord,
    text::{CurrencyCode, TierName},
};
use utoipa::ToSchema;

shared::request! {
    /// A new price tier.
    #[derive(ToSchema)]
    #[schema(as = CreatePriceTier, rename_all = "PascalCase")]
    pub(crate) struct CreatePriceTierRequest {
        name: TierName,
        currency_code: CurrencyCode,
    }
}

/// Adds a price tier.
///
/// An organization may have 100. Names are unique without case.
#[utoipa::path(
    post,
    path = "/api/organizations/price-tiers",
    tag = "Price tiers",
    security(("bearer" = []), ("key" = [])),
    params(IdempotencyKey),
    request_body = CreatePriceTierRequest,
    responses((status = 200, description = "It is there."), TokenFailures, BodyFailures, KeyFailures, Failures)
)]
pub(crate) async fn create_price_tier(
    State(app): State<App>,
    AdminRequest(admin, Idempotent(key, request)): AdminRequest<Idempotent<CreatePriceTierRequest>>,
) -> Result<(Replayed, ()), Problem> {
    let key = key.map(|key| key.of_admin(&admin, "POST /api/organizations/price-tiers"));
    let tier = PriceTierRecord::new(request.name, request.currency_code);
    let done = app.table.organization(&admin).create_price_tier(&tier, key.as_ref()).await;
    let done = done.map_err(|error| error.on_field("Name"))?;
    Ok((Replayed(done.replayed), ()))
}
