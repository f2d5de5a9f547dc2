use axum::{Json, extract::State};
use serde::Serialize;
use shared::{
    claims::{AdminClaim, MachineAccess},
    extract::Authenticated,
    ids::{ClientId, UserId},
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
    access: MachineAccess,
    /// RFC 3339 UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// The admin who made it; left out for a credential from before makers were kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<UserId>,
    /// RFC 3339 UTC; left out if the credential doesn't end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// RFC 3339 UTC, to the minute; null before the first use.
    #[schema(required, format = DateTime)]
    last_used_at: Option<String>,
}

/// Lists the organization's API keys.
///
/// Without their secrets. `LastUsedAt` is to the minute.
#[utoipa::path(
    get,
    path = "/api/organizations/api-access",
    tag = "Machines",
    security(("bearer" = []), ("key" = [])),
    responses((status = 200, description = "Every credential.", body = [CredentialEntry]), TokenFailures, Failures)
)]
pub(crate) async fn list_credentials(
    State(state): State<AuthApp>,
    Authenticated(admin): Authenticated<AdminClaim>,
) -> Result<Json<Vec<CredentialEntry>>, Problem> {
    let machines = state.app.table.organization(&admin).machines().await?;
    let entries = machines.into_iter().map(|machine| CredentialEntry {
        client_id: machine.client_id,
        name: machine.name,
        access: machine.access,
        created_at: machine.created_at,
        created_by: machine.created_by,
        expires_at: machine.expires_at,
        last_used_at: machine.last_used_at,
    });
    Ok(Json(entries.collect()))
}
