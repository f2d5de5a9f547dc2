use axum::{Json, extract::State};
use shared::{
    ids::ClientId,
    openapi::{BodyFailures, Failures, Success, TokenFailures},
    problem::Problem,
    request::{BodyOrQuery, Fields, FromFields, HumanAdminRequest},
};
use utoipa::{IntoParams, ToSchema};

use crate::AuthApp;

/// Which credential is to go: in the body or, for clients that drop a DELETE's body, in the query.
#[derive(ToSchema, IntoParams)]
#[schema(rename_all = "PascalCase")]
#[into_params(rename_all = "PascalCase", parameter_in = Query)]
pub(crate) struct RevokeCredential {
    /// One of the organization's machine credentials.
    #[param(value_type = Option<String>)]
    client_id: ClientId,
}

impl FromFields for RevokeCredential {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let client_id = fields.required("ClientId", |text| {
            // What is no client id at all is answered as any other that the organization doesn't have.
            ClientId::parse(&text).ok_or_else(|| "is no machine credential of this organization".to_owned())
        });
        Some(Self { client_id: client_id? })
    }
}

/// Removes a machine credential: its key, and the tokens issued by it, are refused from the next call on.
#[utoipa::path(
    delete,
    path = "/api/organizations/api-access",
    tag = "Machines",
    security(("bearer" = [])),
    params(RevokeCredential),
    request_body(content = Option<RevokeCredential>),
    responses((status = 200, body = Success), TokenFailures, BodyFailures, Failures)
)]
pub(crate) async fn revoke_credential(
    State(state): State<AuthApp>,
    HumanAdminRequest(admin, BodyOrQuery(request)): HumanAdminRequest<BodyOrQuery<RevokeCredential>>,
) -> Result<Json<Success>, Problem> {
    state.app.table.organization(&admin).revoke_machine(&request.client_id).await?;
    Ok(Json(Success::YES))
}
