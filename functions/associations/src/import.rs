use std::mem::take;

use axum::{Json, extract::State};
use shared::{
    App,
    import::{Import, ImportResponse},
    openapi::{BodyFailures, Failures, TokenFailures},
    problem::{FieldErrors, OnField, Problem},
    request::{AdminRequest, Row, Rows},
    table::AssociationRow,
};
use utoipa::ToSchema;

use crate::associate::AssociateCustomerRequest;

impl Row for AssociateCustomerRequest {}

/// Reads a CSV file as the endpoint does, and writes nothing. Returns what is wrong with each row, or nothing.
///
/// # Errors
/// What is wrong with the file as a whole.
pub fn check_import(file: &[u8]) -> Result<Vec<Option<FieldErrors>>, Problem> {
    Ok(Rows::<AssociateCustomerRequest>::of_csv(file)?.0.into_iter().map(Result::err).collect())
}

/// Users, and the customers that they are to buy for.
#[derive(ToSchema)]
#[schema(as = ImportAssociations, rename_all = "PascalCase")]
#[expect(dead_code, reason = "the document shows what `Rows` reads")]
pub(crate) struct ImportAssociationsRequest {
    #[schema(max_items = 1000)]
    rows: Vec<AssociateCustomerRequest>,
}

/// Associates many users with customers, or moves them.
///
/// Each good row is written, and each other one is told with its reason. To send the rows again changes nothing. Of
/// several rows of one user, the last one holds in the end. What isn't done in the time of one call is told with the
/// code `not_attempted`, and can be sent again. A CSV file begins with a header line, which names the fields.
#[utoipa::path(
    post,
    path = "/api/organizations/users/associations/import",
    tag = "Associations",
    security(("bearer" = []), ("key" = [])),
    request_body(content(
        (ImportAssociationsRequest = "application/json"),
        (String = "text/csv", example = "Email,CustomerNumber\r\ngrace@acme.example,C-1001\r\n")
    )),
    responses(
        (status = 200, description = "What came of the rows.", body = ImportResponse),
        TokenFailures, BodyFailures, Failures
    )
)]
pub(crate) async fn import_associations(
    State(app): State<App>,
    AdminRequest(admin, rows): AdminRequest<Rows<AssociateCustomerRequest>>,
) -> Result<Json<ImportResponse>, Problem> {
    let mut import = Import::from(rows);
    let rows = take(&mut import.rows).into_iter().filter_map(|row| {
        let (user, sent_as) = row.user()?;
        Some((AssociationRow { user, customer_number: row.customer_number }, sent_as))
    });
    let (rows, sent_as): (Vec<_>, Vec<_>) = rows.unzip();
    let outcomes = Box::pin(app.table.organization(&admin).import_associations(rows)).await?;
    let outcomes = outcomes.into_iter().zip(sent_as);
    let outcomes = outcomes.map(|(outcome, sent_as)| outcome.map_refusal(|error| error.on_field(sent_as)));
    Ok(Json(ImportResponse::new(import, outcomes)))
}
