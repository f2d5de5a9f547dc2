use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use shared::{
    App,
    conditional::{Conditions, Tagged},
    ids::{OrganizationCode, OrganizationId},
    openapi::{BodyFailures, Failures, TokenFailures, WriteConditions, WriteConditionsFail},
    organization::OrganizationPatch,
    problem::{FieldErrors, Problem},
    request::{AdminRequest, Body, Fields, FromFields, Unchanged},
    table::{OrganizationRecord, SettingsError},
};
use utoipa::ToSchema;

use crate::view::OrganizationResponse;

/// The changed organization.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdatedOrganization {
    organization: OrganizationResponse,
}

/// The patch, bare or, as the organization is answered, inside `Organization`.
pub(crate) struct UpdateOrganizationRequest(SentOrganization);

impl FromFields for UpdateOrganizationRequest {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        if fields.is_sent("Organization") {
            fields.declare(&["Organization"]);
            return fields.object("Organization").map(Self);
        }
        SentOrganization::from_fields(fields).map(Self)
    }
}

/// A change of the organization: a JSON merge patch (RFC 7396). An absent field stays as it is, and null removes one.
#[derive(ToSchema)]
#[schema(as = UpdateOrganization)]
struct SentOrganization {
    #[serde(flatten)]
    patch: OrganizationPatch,
    #[serde(flatten)]
    read_only: ReadOnlyFields,
}

impl FromFields for SentOrganization {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let (patch, read_only) = (OrganizationPatch::from_fields(fields), ReadOnlyFields::from_fields(fields));
        Some(Self { patch: patch?, read_only: read_only? })
    }
}

shared::request! {
    /// What no patch changes, and a caller may send as it was answered.
    #[derive(ToSchema)]
    #[schema(rename_all = "PascalCase")]
    struct ReadOnlyFields {
        #[schema(value_type = OrganizationId, required = false, read_only)]
        organization_id: Unchanged,
        #[schema(value_type = OrganizationCode, required = false, read_only)]
        identity_organization_id: Unchanged,
        #[schema(value_type = OrganizationCode, required = false, read_only)]
        slug: Unchanged,
        #[schema(value_type = String, format = DateTime, required = false, read_only)]
        created_at: Unchanged,
        #[schema(value_type = String, format = DateTime, required = false, read_only)]
        updated_at: Unchanged,
    }
}

impl ReadOnlyFields {
    /// Compares them with the present organization.
    fn check(&self, present: &OrganizationRecord) -> Result<(), FieldErrors> {
        Unchanged::check([
            (&self.organization_id, &present.id),
            (&self.identity_organization_id, &present.code),
            (&self.slug, &present.code),
            (&self.created_at, &present.created_at),
            (&self.updated_at, &present.updated_at),
        ])
    }
}

/// Changes the organization's settings.
///
/// A JSON merge patch (RFC 7396): null removes, and what isn't sent stays. It may hold the read-only fields as they
/// were answered.
#[utoipa::path(
    patch,
    path = "/api/organization",
    tag = "Organizations",
    security(("bearer" = []), ("key" = [])),
    params(WriteConditions),
    request_body(content(
        (SentOrganization = "application/merge-patch+json"),
        (SentOrganization = "application/json"),
    )),
    responses(
        (status = 200, description = "The settings as they are now.", body = UpdatedOrganization,
            headers(("ETag" = String, description = "The new version of the settings"))),
        WriteConditionsFail,
        TokenFailures,
        BodyFailures,
        Failures,
    )
)]
pub(crate) async fn update_organization(
    State(app): State<App>,
    Conditions(preconditions): Conditions,
    AdminRequest(admin, Body(UpdateOrganizationRequest(sent))): AdminRequest<Body<UpdateOrganizationRequest>>,
) -> Result<Response, Problem> {
    let SentOrganization { patch, read_only } = sent;
    let accepts = |present: &OrganizationRecord| read_only.check(present).is_ok();
    let updated = match app.table.organization(&admin).update(&patch, &preconditions, accepts).await {
        Err(SettingsError::NotAccepted(present)) => {
            read_only.check(&present)?;
            return Err(SettingsError::NotAccepted(present).into());
        }
        updated => updated?,
    };
    let tag = updated.tag();
    Ok(Tagged(&tag, Json(UpdatedOrganization { organization: updated.into() })).into_response())
}
