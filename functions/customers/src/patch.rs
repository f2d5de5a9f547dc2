use axum::{
    extract::{FromRequest, FromRequestParts, Request, State},
    response::Response,
};
use shared::{
    App,
    claims::AdminClaim,
    conditional::{Conditions, Preconditions},
    openapi::{BodyFailures, Failures, NoSuchCustomer, TokenFailures, WriteConditions, WriteConditionsFail},
    problem::{FieldCode, Problem},
    request::{AdminRequest, Body, Fields, Patch, Query, Read, Unchanged, non_nullable},
    table::CustomerPatch,
    text::{CompanyName, CurrencyCode, CustomerNumber, TierName},
};
use utoipa::ToSchema;

use crate::{
    customer::{CustomerResponse, tagged},
    number::{NumberInPath, NumberParameter},
};

shared::request! {
    /// A change of a customer: a JSON merge patch (RFC 7396).
    #[derive(ToSchema)]
    #[schema(as = UpdateCustomer, rename_all = "PascalCase")]
    pub(crate) struct UpdateCustomerRequest {
        /// Can't be removed.
        #[schema(nullable = false)]
        company_name: Option<CompanyName> = non_nullable,
        /// The name of one of the organization's price tiers; can't be removed.
        #[schema(nullable = false)]
        pricing: Option<TierName> = non_nullable,
        /// A currency of its own; without one it follows its tier's.
        #[schema(value_type = Option<CurrencyCode>)]
        currency_code: Patch<CurrencyCode>,
        /// Can't be removed.
        #[schema(nullable = false)]
        active: Option<bool> = non_null_boolean,
        /// May be sent as it was answered.
        #[schema(value_type = CustomerNumber, required = false, read_only)]
        customer_number: Unchanged,
    }
}

fn non_null_boolean(fields: &mut Fields<'_>, name: &str) -> Read<Option<bool>> {
    if fields.is_null(name) {
        fields.add_error(name, FieldCode::NotRemovable.says("can't be removed"));
        return None;
    }
    fields.boolean(name).optional()
}

/// A patch, and the customer that it is for. `N` says where the customer's number stands.
pub(crate) struct PatchOf<N>(N, UpdateCustomerRequest);

impl<S, N> FromRequest<S> for PatchOf<N>
where
    S: Send + Sync,
    N: FromRequestParts<S, Rejection = Problem> + Send,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let number = N::from_request_parts(&mut parts, state).await;
        // A body that can't be read at all wins over a number that can't be used.
        let Body(patch) = Body::from_request(Request::from_parts(parts, body), state).await?;
        Ok(Self(number?, patch))
    }
}

/// Changes a customer.
///
/// What isn't sent stays. Tokens carry the change from their next exchange on.
#[utoipa::path(
    patch,
    path = "/api/customers/{CustomerNumber}",
    tag = "Customers",
    security(("bearer" = []), ("key" = [])),
    params(("CustomerNumber" = CustomerNumber, Path), WriteConditions),
    request_body(content(
        (UpdateCustomerRequest = "application/merge-patch+json"),
        (UpdateCustomerRequest = "application/json"),
    )),
    responses(
        (status = 200, description = "The customer as it is now.", body = CustomerResponse,
            headers(("ETag" = String, description = "The version of the customer and its tier"))),
        NoSuchCustomer, WriteConditionsFail, TokenFailures, BodyFailures, Failures
    )
)]
pub(crate) async fn update_customer(
    State(app): State<App>,
    Conditions(preconditions): Conditions,
    AdminRequest(admin, PatchOf(NumberInPath(number), patch)): AdminRequest<PatchOf<NumberInPath>>,
) -> Result<Response, Problem> {
    patch_numbered(&app, &preconditions, &admin, number, patch).await
}

/// Changes the customer whose number is in the query.
///
/// For numbers that hold a slash. What isn't sent stays.
#[utoipa::path(
    patch,
    path = "/api/customers",
    tag = "Customers",
    security(("bearer" = []), ("key" = [])),
    params(NumberParameter, WriteConditions),
    request_body(content(
        (UpdateCustomerRequest = "application/merge-patch+json"),
        (UpdateCustomerRequest = "application/json"),
    )),
    responses(
        (status = 200, description = "The customer as it is now.", body = CustomerResponse,
            headers(("ETag" = String, description = "The version of the customer and its tier"))),
        NoSuchCustomer, WriteConditionsFail, TokenFailures, BodyFailures, Failures
    )
)]
pub(crate) async fn update_customer_by_query(
    State(app): State<App>,
    Conditions(preconditions): Conditions,
    AdminRequest(admin, PatchOf(Query(query), patch)): AdminRequest<PatchOf<Query<NumberParameter>>>,
) -> Result<Response, Problem> {
    patch_numbered(&app, &preconditions, &admin, query.customer_number, patch).await
}

async fn patch_numbered(
    app: &App,
    preconditions: &Preconditions,
    admin: &AdminClaim,
    number: CustomerNumber,
    request: UpdateCustomerRequest,
) -> Result<Response, Problem> {
    let scope = app.table.organization(admin);
    let same_number = Unchanged::check([(&request.customer_number, &number)]).map_err(Problem::from);
    scope.lost_role_first(same_number).await?;
    let patch = CustomerPatch {
        company_name: request.company_name,
        pricing: request.pricing,
        currency_code: request.currency_code,
        active: request.active,
    };
    Ok(tagged(scope.update_customer(&number, &patch, preconditions).await?))
}
