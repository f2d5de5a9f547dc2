use axum::{Json, extract::State};
use shared::{
    ids::ClientId,
    openapi::{BodyFailures, Failures, Success, TokenFailures},
    problem::{FieldCode, Problem},
    request::{BodyOrQuery, Fields, HumanAdminRequest},
};
use utoipa::{IntoParams, ToSchema};

use crate::AuthApp;

shared::request! {
    /// Which credential is to go: in the body or, for clients that drop a DELETE's body, in the query.
    #[derive(ToSchema, IntoParams)]
    #[schema(as = RevokeCredential, rename_all = "PascalCase")]
    #[into_params(rename_all = "PascalCase", parameter_in = Query)]
    pub(crate) struct RevokeCredentialRequest {
        /// One of the organization's machine credentials.
        #[param(value_type = Option<String>)]
        client_id: ClientId = client_id,
    }
}

/// A text that is no client id at all is answered as any other that the organization doesn't have.
fn client_id(fields: &mut Fields<'_>, name: &str) -> Option<ClientId> {
    let unknown = || FieldCode::CredentialNotFound.says("is no machine credential of this organization");
    fields.required(name, |text| ClientId::parse(&text).ok_or_else(unknown))
}

/// Revokes an API key.
///
/// The key, and the tokens that were issued by it, are refused from the next call on. The credential is named in the
/// body or in the query.
#[utoipa::path(
    delete,
    path = "/api/organizations/api-access",
    tag = "Machines",
    security(("bearer" = [])),
    params(RevokeCredentialRequest),
    request_body(content = Option<RevokeCredentialRequest>),
    responses(
        (status = 200, description = "The credential is gone.", body = Success),
        TokenFailures, BodyFailures, Failures
    )
)]
pub(crate) async fn revoke_credential(
    State(state): State<AuthApp>,
    HumanAdminRequest(admin, BodyOrQuery(request)): HumanAdminRequest<BodyOrQuery<RevokeCredentialRequest>>,
) -> Result<Json<Success>, Problem> {
    state.app.table.organization(&admin).revoke_machine(&request.client_id).await?;
    Ok(Json(Success::ANSWER))
}
