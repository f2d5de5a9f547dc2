use axum::{Json, extract::State, response::Response};
use shared::{
    App,
    claims::AdminClaim,
    conditional::Conditions,
    openapi::{Failures, NoSuchCustomer, ReadConditions, ReadConditionsFail, TokenFailures},
    problem::Problem,
    request::AdminRequest,
    text::CustomerNumber,
};

use crate::{customer::CustomerResponse, number::NumberInPath};

/// Shows a customer.
///
/// With the present name of its price tier, and its own currency or the tier's.
#[utoipa::path(
    get,
    path = "/api/customers/{CustomerNumber}",
    tag = "Customers",
    security(("bearer" = []), ("key" = [])),
    params(("CustomerNumber" = CustomerNumber, Path), ReadConditions),
    responses(
        (status = 200, description = "The customer.", body = CustomerResponse,
            headers(("ETag" = String, description = "The version of the customer and its tier"))),
        NoSuchCustomer, ReadConditionsFail, TokenFailures, Failures
    )
)]
pub(crate) async fn get_customer(
    State(app): State<App>,
    conditions: Conditions,
    AdminRequest(admin, NumberInPath(number)): AdminRequest<NumberInPath>,
) -> Result<Response, Problem> {
    view(&app, &conditions, &admin, &number).await
}

/// Answers with a customer, on the request's conditions.
pub(crate) async fn view(
    app: &App,
    conditions: &Conditions,
    admin: &AdminClaim,
    number: &CustomerNumber,
) -> Result<Response, Problem> {
    let customer = app.table.organization(admin).customer(number).await?;
    conditions.answer(&customer.tag.clone(), Json(CustomerResponse::from(customer)))
}
