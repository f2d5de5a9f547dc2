use axum::{Json, extract::State};
use shared::{
    App,
    ids::UserId,
    openapi::{BodyFailures, Failures, Success, TokenFailures},
    problem::Problem,
    request::{AdminRequest, BodyOrQuery, Fields, FromFields},
};
use utoipa::{IntoParams, ToSchema};

/// Whose link goes: in the body or, for clients that drop a DELETE's body, in the query.
#[derive(ToSchema, IntoParams)]
#[schema(rename_all = "PascalCase")]
#[into_params(rename_all = "PascalCase", parameter_in = Query)]
pub(crate) struct DissociateCustomer {
    #[param(value_type = Option<String>)]
    user_id: UserId,
}

impl FromFields for DissociateCustomer {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let parse = |text: String| {
            // What is no user id at all is answered as any other that isn't linked here.
            UserId::parse(&text).ok_or_else(|| "has no customer in this organization".to_owned())
        };
        Some(Self { user_id: fields.required("UserId", parse)? })
    }
}

/// Removes a user's link to a customer account.
#[utoipa::path(
    delete,
    path = "/api/organizations/users/associations",
    tag = "Associations",
    security(("bearer" = []), ("key" = [])),
    params(DissociateCustomer),
    request_body(content = Option<DissociateCustomer>),
    responses((status = 200, body = Success), TokenFailures, BodyFailures, Failures)
)]
pub(crate) async fn dissociate_customer(
    State(app): State<App>,
    AdminRequest(admin, BodyOrQuery(request)): AdminRequest<BodyOrQuery<DissociateCustomer>>,
) -> Result<Json<Success>, Problem> {
    app.table.organization(&admin).dissociate(&request.user_id).await?;
    Ok(Json(Success::YES))
}
