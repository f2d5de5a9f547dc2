use axum::{Json, extract::State};
use serde::Serialize;
use shared::{
    claims::AdminClaim,
    extract::Authenticated,
    ids::ClientId,
    openapi::{Failures, TokenFailures},
    problem::Problem,
    text::CredentialName,
};
use utoipa::ToSchema;

use crate::AuthApp;

/// A machine credential, without its secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = MachineCredential)]
pub(crate) struct CredentialEntry {
    client_id: ClientId,
    name: CredentialName,
    /// RFC 3339 UTC.
    created_at: String,
    /// RFC 3339 UTC, to the minute; null before the first use.
    #[schema(required)]
    last_used_at: Option<String>,
}

/// Lists the organization's machine credentials.
#[utoipa::path(
    get,
    path = "/api/organizations/api-access",
    tag = "Machines",
    security(("bearer" = []), ("key" = [])),
    responses((status = 200, body = [CredentialEntry]), TokenFailures, Failures)
)]
pub(crate) async fn list_credentials(
    State(state): State<AuthApp>,
    Authenticated(admin): Authenticated<AdminClaim>,
) -> Result<Json<Vec<CredentialEntry>>, Problem> {
    let machines = state.app.table.organization(&admin).machines().await?;
    let entries = machines.into_iter().map(|machine| CredentialEntry {
        client_id: machine.client_id,
        name: machine.name,
        created_at: machine.created_at,
        last_used_at: machine.last_used_at,
    });
    Ok(Json(entries.collect()))
}
