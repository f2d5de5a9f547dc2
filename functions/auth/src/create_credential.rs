use axum::{Json, extract::State};
use serde::Serialize;
use shared::{
    claims::{ClientSecret, MachineAccess},
    expiry::Expiry,
    ids::ClientId,
    openapi::{BodyFailures, Failures, IdempotencyKey, KeyFailures, TokenFailures},
    problem::{Problem, ProblemCode},
    request::{HumanAdminRequest, Idempotent},
    rfc3339,
    table::NewMachine,
    text::CredentialName,
};
use utoipa::ToSchema;

use crate::AuthApp;

shared::request! {
    /// A new machine credential.
    #[derive(ToSchema)]
    #[schema(as = CreateCredential, rename_all = "PascalCase")]
    pub(crate) struct CreateCredentialRequest {
        name: CredentialName,
        /// What the credential is good for: everything that a machine may do (`full`, the default), calls that change
        /// nothing (`read`), or tokens of the organization's users and nothing else (`exchange`).
        access: Option<MachineAccess>,
        /// From when on the credential is refused; in the future, RFC 3339.
        #[schema(value_type = Option<String>, format = DateTime)]
        expires_at: Option<Expiry>,
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
    access: MachineAccess,
    /// RFC 3339 UTC; left out if the credential doesn't end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// Makes an API key for a machine.
///
/// Only a person may. The secret is shown once, so that a repeated request with the same `Idempotency-Key` is answered
/// 409.
#[utoipa::path(
    post,
    path = "/api/organizations/api-access",
    tag = "Machines",
    security(("bearer" = [])),
    params(IdempotencyKey),
    request_body = CreateCredentialRequest,
    responses(
        (status = 200, description = "The credential, with its secret.", body = CreatedCredential),
        (status = 409, description = "An earlier request with this key made the credential, and showed its secret.",
            body = Problem, content_type = "application/problem+json"),
        TokenFailures,
        BodyFailures,
        KeyFailures,
        Failures,
    )
)]
pub(crate) async fn create_credential(
    State(state): State<AuthApp>,
    HumanAdminRequest(admin, Idempotent(key, request)): HumanAdminRequest<Idempotent<CreateCredentialRequest>>,
) -> Result<Json<CreatedCredential>, Problem> {
    let key = key.map(|key| key.of_admin(&admin, "POST /api/organizations/api-access"));
    let CreateCredentialRequest { name, access, expires_at } = request;
    let new = NewMachine { name, access: access.unwrap_or_default(), expires_at };
    let secret = ClientSecret::random();
    let created = state.app.table.organization(&admin).create_machine(&new, &secret, key.as_ref()).await?;
    let client_id = created.value;
    if created.replayed {
        return Err(Problem::new(ProblemCode::SecretShownOnce).detail(format!(
            "An earlier request with this Idempotency-Key made the credential {client_id} and showed its secret once. \
             If the secret is lost, remove the credential and make another."
        )));
    }
    let created = CreatedCredential {
        api_key: secret.api_key(admin.organization_id(), &client_id),
        client_id,
        client_secret: secret.expose().to_owned(),
        name: new.name,
        access: new.access,
        expires_at: new.expires_at.map(|expiry| rfc3339(expiry.seconds())),
    };
    Ok(Json(created))
}
