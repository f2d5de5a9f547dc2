use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use shared::{
    App,
    conditional::{Conditions, Tagged},
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

/// An organization as it is answered, of which a caller may send any part.
struct SentOrganization(OrganizationPatch, ReadOnlyFields);

impl FromFields for SentOrganization {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let (patch, read_only) = (OrganizationPatch::from_fields(fields), ReadOnlyFields::from_fields(fields));
        Some(Self(patch?, read_only?))
    }
}

shared::request! {
    /// What no patch changes.
    struct ReadOnlyFields {
        organization_id: Unchanged,
        identity_organization_id: Unchanged,
        slug: Unchanged,
        created_at: Unchanged,
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
        (OrganizationPatch = "application/merge-patch+json"),
        (OrganizationPatch = "application/json"),
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
    let SentOrganization(patch, read_only) = sent;
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
