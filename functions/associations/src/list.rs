use axum::{Json, extract::State};
use serde::Serialize;
use shared::{
    App,
    openapi::{Failures, TokenFailures},
    problem::Problem,
    request::ByAdmin,
};
use utoipa::ToSchema;

use crate::{
    associate::AssociationRecord,
    parameters::{ListParameters, Parameters},
};

/// A page of associations.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AssociationList {
    data: Vec<AssociationRecord>,
    /// How many there are on all pages, exactly.
    total_count: u64,
    page_number: u64,
    page_size: u64,
}

/// Lists the associations by page, sorted and filtered. What was written before the call is in the answer.
#[utoipa::path(
    get,
    path = "/api/organizations/users/associations",
    tag = "Associations",
    security(("bearer" = [])),
    params(Parameters),
    responses((status = 200, body = AssociationList), TokenFailures, Failures)
)]
pub(crate) async fn list_associations(
    State(app): State<App>,
    ByAdmin(admin, ListParameters(query)): ByAdmin<ListParameters>,
) -> Result<Json<AssociationList>, Problem> {
    let page = app.table.organization(&admin).associations(&query).await?;
    let record = |association| AssociationRecord::new(association, admin.organization_id().clone());
    Ok(Json(AssociationList {
        data: page.rows.into_iter().map(record).collect(),
        total_count: page.total,
        page_number: query.page,
        page_size: query.size,
    }))
}
