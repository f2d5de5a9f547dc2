use axum::{Json, extract::State};
use shared::{
    App,
    conditional::Conditions,
    openapi::{Failures, NoSuchCustomer, Success, TokenFailures, WriteConditions, WriteConditionsFail},
    problem::Problem,
    request::{AdminRequest, Query},
    text::CustomerNumber,
};

use crate::number::{NumberInPath, NumberParameter};

/// Removes a customer.
///
/// Users who are associated with it stay associated with its number.
#[utoipa::path(
    delete,
    path = "/api/customers/{CustomerNumber}",
    tag = "Customers",
    security(("bearer" = []), ("key" = [])),
    params(("CustomerNumber" = CustomerNumber, Path), WriteConditions),
    responses(
        (status = 200, description = "The customer is gone.", body = Success),
        NoSuchCustomer, WriteConditionsFail, TokenFailures, Failures
    )
)]
pub(crate) async fn delete_customer(
    State(app): State<App>,
    Conditions(preconditions): Conditions,
    AdminRequest(admin, NumberInPath(number)): AdminRequest<NumberInPath>,
) -> Result<Json<Success>, Problem> {
    app.table.organization(&admin).delete_customer(&number, &preconditions).await?;
    Ok(Json(Success::ANSWER))
}

/// Removes the customer whose number is in the query.
///
/// For numbers that hold a slash. Users stay associated with the number.
#[utoipa::path(
    delete,
    path = "/api/customers",
    tag = "Customers",
    security(("bearer" = []), ("key" = [])),
    params(NumberParameter, WriteConditions),
    responses(
        (status = 200, description = "The customer is gone.", body = Success),
        NoSuchCustomer, WriteConditionsFail, TokenFailures, Failures
    )
)]
pub(crate) async fn delete_customer_by_query(
    State(app): State<App>,
    Conditions(preconditions): Conditions,
    AdminRequest(admin, Query(query)): AdminRequest<Query<NumberParameter>>,
) -> Result<Json<Success>, Problem> {
    app.table.organization(&admin).delete_customer(&query.customer_number, &preconditions).await?;
    Ok(Json(Success::ANSWER))
}
