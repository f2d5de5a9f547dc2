use axum::{Json, extract::State};
use serde::Serialize;
use shared::{
    claims::ClientSecret,
    ids::ClientId,
    openapi::{BodyFailures, Failures, TokenFailures},
    problem::Problem,
    request::{Body, Fields, FromFields, HumanAdminRequest},
    text::CredentialName,
};
use utoipa::ToSchema;

use crate::{AuthApp, NO_STORE, NoStore};

/// What a new machine credential is to be called.
#[derive(ToSchema)]
#[schema(rename_all = "PascalCase")]
pub(crate) struct CreateCredential {
    name: CredentialName,
}

impl FromFields for CreateCredential {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { name: fields.required("Name", CredentialName::parse)? })
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
    request_body = CreateCredential,
    responses((status = 200, body = CreatedCredential), TokenFailures, BodyFailures, Failures)
)]
pub(crate) async fn create_credential(
    State(state): State<AuthApp>,
    HumanAdminRequest(admin, Body(request)): HumanAdminRequest<Body<CreateCredential>>,
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
