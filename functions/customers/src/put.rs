use axum::{extract::State, response::Response};
use shared::{
    App,
    conditional::Conditions,
    openapi::{BodyFailures, Failures, TokenFailures, WriteConditions, WriteConditionsFail},
    problem::Problem,
    request::{AdminRequest, Body},
    table::CustomerChange,
    text::{CompanyName, CurrencyCode, CustomerNumber, TierName},
};
use utoipa::ToSchema;

use crate::customer::{CustomerResponse, tagged};

shared::request! {
    /// The customer to be.
    #[derive(ToSchema)]
    #[schema(as = PutCustomer, rename_all = "PascalCase")]
    pub(crate) struct PutCustomerRequest {
        customer_number: CustomerNumber,
        company_name: CompanyName,
        /// The name of one of the organization's price tiers.
        pricing: TierName,
        /// A currency of its own; without one it follows its tier's.
        currency_code: Option<CurrencyCode>,
        /// Without it, as before; `true` for a new customer.
        active: Option<bool>,
    }
}

impl From<PutCustomerRequest> for CustomerChange {
    fn from(request: PutCustomerRequest) -> Self {
        Self {
            number: request.customer_number,
            company_name: request.company_name,
            pricing: request.pricing,
            currency_code: request.currency_code,
            active: request.active,
        }
    }
}

/// Creates or replaces a customer.
///
/// `Pricing` names a price tier. Without a `CurrencyCode`, the customer has its tier's. Without `Active`, it stays as
/// it is.
#[utoipa::path(
    put,
    path = "/api/customers",
    tag = "Customers",
    security(("bearer" = []), ("key" = [])),
    params(WriteConditions),
    request_body = PutCustomerRequest,
    responses(
        (status = 200, description = "The customer as it is now.", body = CustomerResponse,
            headers(("ETag" = String, description = "The version of the customer and its tier"))),
        WriteConditionsFail, TokenFailures, BodyFailures, Failures
    )
)]
pub(crate) async fn put_customer(
    State(app): State<App>,
    Conditions(preconditions): Conditions,
    AdminRequest(admin, Body(request)): AdminRequest<Body<PutCustomerRequest>>,
) -> Result<Response, Problem> {
    let customer = app.table.organization(&admin).put_customer(&request.into(), &preconditions).await?;
    Ok(tagged(customer))
}
