use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use shared::{
    conditional::Tagged,
    table::Customer,
    text::{CompanyName, CurrencyCode, CustomerNumber, TierName},
};
use utoipa::ToSchema;

/// A customer, with its price tier's present name.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Customer)]
pub(crate) struct CustomerResponse {
    customer_number: CustomerNumber,
    company_name: CompanyName,
    /// The name of its price tier.
    pricing: TierName,
    /// Its own currency or, without one, its tier's.
    currency_code: CurrencyCode,
    /// Whether its users get the customer role and its claims in their tokens.
    active: bool,
}

impl From<Customer> for CustomerResponse {
    fn from(customer: Customer) -> Self {
        Self {
            customer_number: customer.number,
            company_name: customer.company_name,
            pricing: customer.pricing,
            currency_code: customer.currency_code,
            active: customer.active,
        }
    }
}

/// The customer with its tag.
pub(crate) fn tagged(customer: Customer) -> Response {
    Tagged(&customer.tag.clone(), Json(CustomerResponse::from(customer))).into_response()
}
