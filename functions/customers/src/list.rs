use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::request::Parts,
    response::{IntoResponse, Response},
};
use shared::{
    App,
    conditional::Conditions,
    openapi::{Failures, TokenFailures},
    problem::{FieldCode, Problem},
    request::{
        AdminRequest, Query,
        list::{ListParameters, is_of_a_list},
        parameters,
    },
    table::{CustomerField, CustomerOrder, Customers, ListQuery},
    text::CustomerNumber,
};

use crate::{customer::CustomerResponse, number::NumberParameter, view::view};

shared::list_request! {
    /// The parameters of a list of customers.
    pub struct ListCustomersRequest of Customers;
    /// The field to sort by: `CompanyName` without case; ties are sorted by `CustomerNumber`.
    sort_on: CustomerOrder = CustomerOrder::CustomerNumber, "CustomerNumber";
    filter: CustomerFilter as CustomerFilter on CustomerField;
}

shared::list_response! {
    /// A page of customers.
    pub(crate) struct CustomerList of CustomerResponse;
}

/// What a query asks for.
pub(crate) enum Asked {
    /// The customer of this number.
    One(CustomerNumber),
    Page(ListQuery<Customers>),
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let sent = parameters(&parts.uri)?;
        if !sent.iter().any(|(name, _)| name.eq_ignore_ascii_case("CustomerNumber")) {
            let ListParameters(query) =
                ListParameters::<ListCustomersRequest>::from_request_parts(parts, state).await?;
            return Ok(Self::Page(query));
        }
        if sent.iter().any(|(name, _)| is_of_a_list(name)) {
            let error = FieldCode::Conflicting.says("can't be sent together with the parameters of a list");
            return Err(Problem::field("CustomerNumber", error));
        }
        let Query(NumberParameter { customer_number }) = Query::from_request_parts(parts, state).await?;
        Ok(Self::One(customer_number))
    }
}

/// Lists customers, sorted, filtered and by page.
///
/// What was written before the call is in the answer. `NextPageToken` continues after the last row, so that a row that
/// nobody touches is in a walk exactly once. With `CustomerNumber=…` alone, the answer is that customer as `GET
/// /api/customers/{CustomerNumber}` has it, for numbers that a path can't carry; a filter by `equals` finds it too.
#[utoipa::path(
    get,
    path = "/api/customers",
    tag = "Customers",
    security(("bearer" = []), ("key" = [])),
    params(ListCustomersRequest),
    responses((status = 200, description = "A page of customers.", body = CustomerList), TokenFailures, Failures)
)]
pub(crate) async fn list_customers(
    State(app): State<App>,
    conditions: Conditions,
    AdminRequest(admin, asked): AdminRequest<Asked>,
) -> Result<Response, Problem> {
    match asked {
        Asked::One(number) => view(&app, &conditions, &admin, &number).await,
        Asked::Page(query) => {
            let page = app.table.organization(&admin).customers(&query).await?;
            Ok(Json(CustomerList::new(page, &query, CustomerResponse::from)).into_response())
        }
    }
}
