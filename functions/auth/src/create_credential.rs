use axum::{Json, extract::State};
use serde::Serialize;
use shared::{
    claims::ClientSecret,
    ids::ClientId,
    openapi::{BodyFailures, Failures, TokenFailures},
    problem::Problem,
    request::{Body, HumanAdminRequest},
    text::CredentialName,
};
use utoipa::ToSchema;

use crate::{AuthApp, NO_STORE, NoStore};

shared::request! {
    /// The name of a new machine credential.
    #[derive(ToSchema)]
    #[schema(as = CreateCredential, rename_all = "PascalCase")]
    pub(crate) struct CreateCredentialRequest {
        name: CredentialName,
    }
}

/// A new machine credential. Its secret is shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatedCredential {
    client_id: ClientId,
    client_secret: String,
    /// Stands for a token with the admin role in the `x-api-key` header.
    api_key: String,
    name: CredentialName,
}

/// Makes a credential for a machine of the organization; only a person may.
#[utoipa::path(
    post,
    path = "/api/organizations/api-access",
    tag = "Machines",
    security(("bearer" = [])),
    request_body = CreateCredentialRequest,
    responses((status = 200, body = CreatedCredential), TokenFailures, BodyFailures, Failures)
)]
pub(crate) async fn create_credential(
    State(state): State<AuthApp>,
    HumanAdminRequest(admin, Body(request)): HumanAdminRequest<Body<CreateCredentialRequest>>,
) -> Result<(NoStore, Json<CreatedCredential>), Problem> {
    let secret = ClientSecret::random();
    let client_id = state.app.table.organization(&admin).create_machine(&request.name, &secret).await?;
    let created = CreatedCredential {
        api_key: secret.api_key(admin.organization_id(), &client_id),
        client_id,
        client_secret: secret.expose().to_owned(),
        name: request.name,
    };
    Ok((NO_STORE, Json(created)))
}
