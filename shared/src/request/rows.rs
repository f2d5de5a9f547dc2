//! The rows of an import: a JSON body, or a CSV file with a header line.

use axum::extract::{FromRequest, Request};
use domain::field_error::FieldCode;

use super::{
    Fields, FromFields, JsonObject,
    body::{invalid, is_json, media_type, parsed, read, require_plain, unsupported},
    csv_rows,
};
use crate::problem::{FieldErrors, Problem};

/// The longest body of an import, in bytes.
const LIMIT: usize = 1024 * 1024;
/// The rows that one import takes at most.
const MAX_ROWS: usize = 1_000;

/// What an import's rows are.
pub trait Row: FromFields {
    /// The columns whose text in a CSV file is `true` or `false`.
    const BOOLEANS: &'static [&'static str] = &[];
}

/// The rows of an import, each read on its own: a bad one is no obstacle to its neighbors. What concerns the body as a
/// whole is refused in the contract's order: 413, 415, 400.
pub struct Rows<T>(pub Vec<Result<T, FieldErrors>>);

impl<S: Sync, T: Row> FromRequest<S> for Rows<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read(body, LIMIT).await?;
        let is_csv = media_type(&parts.headers) == "text/csv";
        if !is_csv && !is_json(&parts.headers) {
            return Err(unsupported(&parts, "The body's Content-Type must be application/json or text/csv."));
        }
        require_plain(&parts)?;
        if bytes.is_empty() {
            return Err(invalid("A body with rows is needed."));
        }
        if is_csv { Self::of_csv(&bytes) } else { Self::of_json(&bytes) }
    }
}

impl<T: Row> Rows<T> {
    /// Reads a CSV file (RFC 4180), with `,` or `;` between its cells.
    ///
    /// # Errors
    /// The file is none, or its header names a column that the rows don't have.
    pub fn of_csv(text: &[u8]) -> Result<Self, Problem> {
        Ok(Self::of_objects(csv_rows::objects::<T>(text)?))
    }

    fn of_json(json: &[u8]) -> Result<Self, Problem> {
        let mut object = parsed(json)?;
        let items = object.take_items("Rows");
        let RowsAreThere = Fields::read(object)?;
        let items = items.unwrap_or_default();
        require_few(items.len())?;
        let no_object = || FieldErrors::from([("Row".into(), vec![FieldCode::WrongType.says("must be an object")])]);
        Ok(Self::of_objects(items.into_iter().map(|item| item.ok_or_else(no_object)).collect()))
    }

    fn of_objects(objects: Vec<Result<JsonObject, FieldErrors>>) -> Self {
        Self(objects.into_iter().map(|object| object.and_then(Fields::read)).collect())
    }
}

/// Refuses more rows than one call takes.
pub(super) fn require_few(rows: usize) -> Result<(), Problem> {
    if rows <= MAX_ROWS {
        return Ok(());
    }
    let many = format!("must be at most {MAX_ROWS}, and there are {rows}");
    Err(Problem::field("Rows", FieldCode::TooMany.says(many)))
}

/// The body of an import once its rows are taken out of it.
struct RowsAreThere;

impl FromFields for RowsAreThere {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        fields.declare(&["Rows"]);
        let error = match fields.value("Rows") {
            Some(value) if value.is_array() => return Some(Self),
            None | Some(serde_json::Value::Null) => FieldCode::Required.says("is required"),
            Some(_) => FieldCode::WrongType.says("must be an array"),
        };
        fields.add_error("Rows", error);
        None
    }
}
