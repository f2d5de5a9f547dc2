use std::mem::take;

use axum::{Json, extract::State};
use shared::{
    App,
    import::{Import, ImportResponse},
    openapi::{BodyFailures, Failures, TokenFailures},
    problem::{FieldErrors, Problem},
    request::{AdminRequest, Row, Rows},
    table::CustomerChange,
};
use utoipa::ToSchema;

use crate::put::PutCustomerRequest;

impl Row for PutCustomerRequest {
    const BOOLEANS: &'static [&'static str] = &["Active"];
}

/// Reads a CSV file as the endpoint does, and writes nothing. Returns what is wrong with each row, or nothing.
///
/// # Errors
/// What is wrong with the file as a whole.
pub fn check_import(file: &[u8]) -> Result<Vec<Option<FieldErrors>>, Problem> {
    Ok(Rows::<PutCustomerRequest>::of_csv(file)?.0.into_iter().map(Result::err).collect())
}

/// Customers to be.
#[derive(ToSchema)]
#[schema(as = ImportCustomers, rename_all = "PascalCase")]
#[expect(dead_code, reason = "the document shows what `Rows` reads")]
pub(crate) struct ImportCustomersRequest {
    #[schema(max_items = 1000)]
    rows: Vec<PutCustomerRequest>,
}

/// Creates or replaces many customers.
///
/// Each good row is written, and each other one is told with its reason. To send the rows again changes nothing. Of
/// several rows of one customer, the last one holds in the end. What isn't done in the time of one call is told with
/// the code `not_attempted`, and can be sent again. A CSV file begins with a header line, which names the fields.
#[utoipa::path(
    post,
    path = "/api/customers/import",
    tag = "Customers",
    security(("bearer" = []), ("key" = [])),
    request_body(content(
        (ImportCustomersRequest = "application/json"),
        (String = "text/csv", example = "CustomerNumber,CompanyName,Pricing\r\nC-1001,Acme Retail,Gold\r\n")
    )),
    responses(
        (status = 200, description = "What came of the rows.", body = ImportResponse),
        TokenFailures, BodyFailures, Failures
    )
)]
pub(crate) async fn import_customers(
    State(app): State<App>,
    AdminRequest(admin, rows): AdminRequest<Rows<PutCustomerRequest>>,
) -> Result<Json<ImportResponse>, Problem> {
    let mut import = Import::from(rows);
    let changes = take(&mut import.rows).into_iter().map(CustomerChange::from).collect();
    let outcomes = Box::pin(app.table.organization(&admin).import_customers(changes)).await?;
    let outcomes = outcomes.into_iter().map(|outcome| outcome.map_refusal(Problem::from));
    Ok(Json(ImportResponse::new(import, outcomes)))
}
