use axum::{Json, extract::State};
use shared::{
    App,
    openapi::{Failures, TokenFailures},
    problem::Problem,
    request::{AdminRequest, list::ListParameters},
    table::{AssociationField, AssociationOrder, Associations},
};

use crate::associate::AssociationResponse;

shared::list_request! {
    /// The parameters of a list of associations.
    pub struct ListAssociationsRequest of Associations;
    /// The field to sort by; ties are sorted by `UserId`.
    sort_on: AssociationOrder = AssociationOrder::UserId, "UserId";
    filter: AssociationFilter as Filter on AssociationField;
}

shared::list_response! {
    /// A page of associations.
    pub(crate) struct AssociationList of AssociationResponse;
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
    State(app): State<App>,
    AdminRequest(admin, ListParameters(query)): AdminRequest<ListParameters<ListAssociationsRequest>>,
) -> Result<Json<AssociationList>, Problem> {
    let page = app.table.organization(&admin).associations(&query).await?;
    let row = |association| AssociationResponse::new(association, admin.organization_id().clone());
    Ok(Json(AssociationList::new(page, &query, row)))
}
