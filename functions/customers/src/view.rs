use axum::{Json, extract::State};
use shared::{
    App,
    claims::AdminClaim,
    openapi::{Failures, NoSuchCustomer, TokenFailures},
    problem::Problem,
    request::{AdminRequest, Query},
    text::CustomerNumber,
};

use crate::{
    customer::CustomerResponse,
    number::{NumberInPath, NumberParameter},
};

/// Shows a customer.
///
/// With the present name of its price tier, and its own currency or the tier's.
#[utoipa::path(
    get,
    path = "/api/customers/{CustomerNumber}",
    tag = "Customers",
    security(("bearer" = []), ("key" = [])),
    params(("CustomerNumber" = CustomerNumber, Path)),
    responses(
        (status = 200, description = "The customer.", body = CustomerResponse),
        NoSuchCustomer, TokenFailures, Failures
    )
)]
pub(crate) async fn get_customer(
    State(app): State<App>,
    AdminRequest(admin, NumberInPath(number)): AdminRequest<NumberInPath>,
) -> Result<Json<CustomerResponse>, Problem> {
    view(&app, &admin, &number).await
}

/// Shows the customer whose number is in the query.
///
/// For numbers that hold a slash.
#[utoipa::path(
    get,
    path = "/api/customers",
    tag = "Customers",
    security(("bearer" = []), ("key" = [])),
    params(NumberParameter),
    responses(
        (status = 200, description = "The customer.", body = CustomerResponse),
        NoSuchCustomer, TokenFailures, Failures
    )
)]
pub(crate) async fn get_customer_by_query(
    State(app): State<App>,
    AdminRequest(admin, Query(query)): AdminRequest<Query<NumberParameter>>,
) -> Result<Json<CustomerResponse>, Problem> {
    view(&app, &admin, &query.customer_number).await
}

async fn view(app: &App, admin: &AdminClaim, number: &CustomerNumber) -> Result<Json<CustomerResponse>, Problem> {
    let customer = app.table.organization(admin).customer(number).await?;
    Ok(Json(customer.into()))
}
