use axum::{Json, extract::State};
use serde::Serialize;
use shared::{
    openapi::{Failures, TokenFailures},
    problem::Problem,
    request::AdminRequest,
    table::PageStart,
};
use utoipa::ToSchema;

use crate::{
    AssociationsApp,
    associate::AssociationResponse,
    parameters::{ListAssociationsRequest, ListParameters},
};

/// A page of associations.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AssociationList {
    #[schema(max_items = 1000)]
    data: Vec<AssociationResponse>,
    /// How many there are on all pages, exactly.
    total_count: u64,
    /// Only where the request didn't come by token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    page_number: Option<u64>,
    #[schema(minimum = 1, maximum = 1000)]
    page_size: u64,
    /// `PageToken` of the next page, where more follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

/// Lists associations, sorted, filtered and by page.
///
/// What was written before the call is in the answer. `NextPageToken` continues after the last row, so that a row that
/// nobody touches is in a walk exactly once.
#[utoipa::path(
    get,
    path = "/api/organizations/users/associations",
    tag = "Associations",
    security(("bearer" = []), ("key" = [])),
    params(ListAssociationsRequest),
    responses((status = 200, description = "A page of associations.", body = AssociationList), TokenFailures, Failures)
)]
pub(crate) async fn list_associations(
    State(state): State<AssociationsApp>,
    AdminRequest(admin, ListParameters(query)): AdminRequest<ListParameters>,
) -> Result<Json<AssociationList>, Problem> {
    let AssociationsApp { app, max_tested_rows } = state;
    let page = app.table.organization(&admin).associations(&query, max_tested_rows).await?;
    let record = |association| AssociationResponse::new(association, admin.organization_id().clone());
    Ok(Json(AssociationList {
        data: page.rows.into_iter().map(record).collect(),
        total_count: page.total,
        page_number: match query.start {
            PageStart::Number(number) => Some(number),
            PageStart::Token(_) => None,
        },
        page_size: query.size,
        next_page_token: page.next,
    }))
}
