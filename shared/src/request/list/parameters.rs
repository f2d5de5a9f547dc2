//! The query parameters of a list. Their names, field names, operators and directions are read without case.

use axum::{
    extract::FromRequestParts,
    http::{Uri, request::Parts},
};
use domain::field_error::{FieldCode, FieldError};
use serde::Serialize;
use table::{ListQuery, Listed, Named};
use utoipa::ToSchema;

use super::filters::FilterParameter;
use crate::{
    problem::{FieldErrors, Problem},
    request::{Fields, FromFields, JsonObject, Read, parameters},
};

const DEFAULT_PAGE_SIZE: u64 = 25;
const MAX_PAGE_SIZE: u64 = 1000;
/// The last page that can be asked for: each client reads a number up to here.
const MAX_PAGE: u64 = 2_147_483_647;

/// The parameters of a list, as [`list_request!`](crate::list_request!) declares them.
pub trait ListRequest: FromFields {
    /// What is listed.
    type List: Listed;

    /// The list that they ask for.
    fn query(self) -> ListQuery<Self::List>;
}

/// The parameters that every list has, but the filters.
const PARAMETERS: [&str; 5] = ["PageNumber", "PageToken", "PageSize", "SortOn", "SortDirection"];

/// Whether this is the name of a list's parameter.
#[must_use]
pub fn is_of_a_list(name: &str) -> bool {
    FilterParameter::of(name).is_some() || PARAMETERS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The direction that a list is sorted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub enum Direction {
    /// From the first to the last.
    #[schema(rename = "asc")]
    Ascending,
    /// From the last to the first.
    #[schema(rename = "desc")]
    Descending,
}

impl Named for Direction {
    const ALL: &'static [Self] = &[Self::Ascending, Self::Descending];

    fn name(self) -> &'static str {
        match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
        }
    }
}

/// Reads the number of a page.
pub fn page_number(fields: &mut Fields<'_>, name: &str) -> Read<Option<u64>> {
    fields.text(name, |text| whole(&text, MAX_PAGE)).optional()
}

/// Reads the size of a page.
pub fn page_size(fields: &mut Fields<'_>, name: &str) -> Read<u64> {
    fields.text(name, |text| whole(&text, MAX_PAGE_SIZE)).or(DEFAULT_PAGE_SIZE)
}

/// A whole number from 1 to `max`, in digits alone.
fn whole(text: &str, max: u64) -> Result<u64, FieldError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| digits && (1..=max).contains(number));
    number.ok_or_else(|| FieldCode::OutOfRange.says(format!("must be a whole number from 1 to {max}")))
}

/// The list that a query asks for.
pub struct ListParameters<R: ListRequest>(pub ListQuery<R::List>);

impl<S: Sync, R: ListRequest> FromRequestParts<S> for ListParameters<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(list_query::<R>(&parts.uri)?))
    }
}

/// Reads the list that a query asks for.
///
/// # Errors
/// What is bad, by the parameters' names.
pub fn list_query<R: ListRequest>(uri: &Uri) -> Result<ListQuery<R::List>, FieldErrors> {
    let (mut filters, mut others) = (Vec::new(), Vec::new());
    for (name, value) in parameters(uri)? {
        match FilterParameter::of(&name) {
            Some(rest) => filters.push(FilterParameter { rest: rest.to_lowercase(), name, value }.into_json()),
            None => others.push((name, value)),
        }
    }
    let read: R = Fields::read_query(JsonObject::of_parameters(others).with("Filters", filters.into()))?;
    Ok(read.query())
}
