use axum::{Json, extract::State};
use shared::{
    App,
    openapi::{BodyFailures, Failures, TokenFailures},
    problem::Problem,
    request::{AdminRequest, Body, Fields, FromFields},
    table::CustomerChange,
    text::{CompanyName, CurrencyCode, CustomerNumber, TierName},
};
use utoipa::ToSchema;

use crate::customer::CustomerResponse;

/// What a customer is to be.
#[derive(ToSchema)]
#[schema(rename_all = "PascalCase")]
pub(crate) struct PutCustomer {
    customer_number: CustomerNumber,
    company_name: CompanyName,
    /// The name of one of the organization's price tiers.
    pricing: TierName,
    /// A currency of its own; without one it follows its tier's.
    currency_code: Option<CurrencyCode>,
    /// `true` where it isn't said.
    #[schema(value_type = Option<bool>, default = true)]
    active: bool,
}

impl FromFields for PutCustomer {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let customer_number = fields.required("CustomerNumber", CustomerNumber::parse);
        let company_name = fields.required("CompanyName", CompanyName::parse);
        let pricing = fields.required("Pricing", TierName::parse);
        let currency_code = fields.optional("CurrencyCode", CurrencyCode::parse);
        let active = fields.optional_bool("Active");
        Some(Self {
            customer_number: customer_number?,
            company_name: company_name?,
            pricing: pricing?,
            currency_code: currency_code?,
            active: active?.unwrap_or(true),
        })
    }
}

/// Creates a customer, or replaces the one of this number.
#[utoipa::path(
    put,
    path = "/api/customers",
    tag = "Customers",
    security(("bearer" = []), ("key" = [])),
    request_body = PutCustomer,
    responses((status = 200, body = CustomerResponse), TokenFailures, BodyFailures, Failures)
)]
pub(crate) async fn put_customer(
    State(app): State<App>,
    AdminRequest(admin, Body(request)): AdminRequest<Body<PutCustomer>>,
) -> Result<Json<CustomerResponse>, Problem> {
    let change = CustomerChange {
        number: request.customer_number,
        company_name: request.company_name,
        pricing: request.pricing,
        currency_code: request.currency_code,
        active: request.active,
    };
    let customer = app.table.organization(&admin).put_customer(&change).await?;
    Ok(Json(customer.into()))
}
