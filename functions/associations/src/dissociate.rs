use axum::{Json, extract::State};
use shared::{
    App,
    ids::UserId,
    openapi::{BodyFailures, Failures, Success, TokenFailures},
    problem::{FieldCode, Problem},
    request::{AdminRequest, BodyOrQuery, Fields},
};
use utoipa::{IntoParams, ToSchema};

shared::request! {
    /// The user whose association ends: in the body or, for clients that drop a DELETE's body, in the query.
    #[derive(ToSchema, IntoParams)]
    #[schema(as = DissociateCustomer, rename_all = "PascalCase")]
    #[into_params(rename_all = "PascalCase", parameter_in = Query)]
    pub(crate) struct DissociateCustomerRequest {
        #[param(value_type = Option<String>)]
        user_id: UserId = user_id,
    }
}

/// A text that is no user id at all is answered as any other user who isn't associated here.
fn user_id(fields: &mut Fields<'_>, name: &str) -> Option<UserId> {
    fields.required(name, |text| {
        UserId::parse(&text).ok_or_else(|| FieldCode::NotAssociated.says("has no customer in this organization"))
    })
}

/// Ends a user's association with a customer.
///
/// The user is named in the body or in the query. The user's next token has no claims of the customer.
#[utoipa::path(
    delete,
    path = "/api/organizations/users/associations",
    tag = "Associations",
    security(("bearer" = []), ("key" = [])),
    params(DissociateCustomerRequest),
    request_body(content = Option<DissociateCustomerRequest>),
    responses(
        (status = 200, description = "The user buys for no customer any more.", body = Success),
        TokenFailures, BodyFailures, Failures
    )
)]
pub(crate) async fn dissociate_customer(
    State(app): State<App>,
    AdminRequest(admin, BodyOrQuery(request)): AdminRequest<BodyOrQuery<DissociateCustomerRequest>>,
) -> Result<Json<Success>, Problem> {
    app.table.organization(&admin).dissociate(&request.user_id).await?;
    Ok(Json(Success::ANSWER))
}
