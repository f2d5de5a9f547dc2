//! The list's query parameters. Their names, field names, operators and directions are read without case.

use axum::{
    extract::FromRequestParts,
    http::{Uri, request::Parts},
};
use shared::{
    field_error::{FieldCode, FieldError},
    problem::{FieldErrors, Problem},
    request::{Fields, JsonObject, Read, parameters},
    table::{AssociationFilter, AssociationOrder, Field, ListQuery, PageStart},
};
use utoipa::{IntoParams, ToSchema};

use crate::filters::{self, FilterParameter, FilterParts};

const DEFAULT_PAGE_SIZE: u64 = 25;
const MAX_PAGE_SIZE: u64 = 1000;
/// The last page that can be asked for: each client reads a number up to here.
const MAX_PAGE: u64 = 2_147_483_647;

shared::request! {
    /// The parameters of a list of associations.
    #[derive(IntoParams)]
    #[into_params(rename_all = "PascalCase", parameter_in = Query)]
    pub(crate) struct ListAssociationsRequest {
        /// The page, from 1.
        #[param(value_type = Option<i32>, minimum = 1, maximum = 2_147_483_647, default = 1)]
        page_number: Option<u64> = page_number,
        /// `NextPageToken` of the page before, in the place of `PageNumber`: continues beyond its last row, untouched
        /// by rows that come and go elsewhere.
        page_token: Option<String>,
        /// The most associations on a page.
        #[param(value_type = Option<i32>, minimum = 1, maximum = 1000, default = 25)]
        page_size: u64 = page_size,
        /// The field to sort by; ties are sorted by `UserId`.
        #[param(value_type = Option<Field>, inline, default = "UserId")]
        sort_on: AssociationOrder = sort_on,
        /// Ascending or descending.
        #[param(value_type = Option<Direction>, inline, default = "asc")]
        sort_direction: Direction = sort_direction,
        /// At most 20 conditions, all of which must hold: a JSON array of `Filter`, or one `Filter`, repeatable. The
        /// forms `Filters[0].Field=…&Filters[0].Operator=…&Filters[0].Value=…` and `Filters[0][Field]=…` are read too.
        #[param(value_type = Option<Vec<FilterParts>>)]
        filters: Vec<AssociationFilter> = filters::read,
    }
    check |fields| {
        if page_token.as_ref().is_some_and(Option::is_some) && fields.has("PageNumber") {
            fields.add_error("PageToken", FieldCode::Conflicting.says("can't be sent together with PageNumber"));
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ToSchema)]
enum Direction {
    #[schema(rename = "asc")]
    Ascending,
    #[schema(rename = "desc")]
    Descending,
}

fn page_number(fields: &mut Fields<'_>, name: &str) -> Read<Option<u64>> {
    fields.text(name, |text| whole(&text, MAX_PAGE)).optional()
}

fn page_size(fields: &mut Fields<'_>, name: &str) -> Option<u64> {
    fields.text(name, |text| whole(&text, MAX_PAGE_SIZE)).or(DEFAULT_PAGE_SIZE)
}

fn sort_on(fields: &mut Fields<'_>, name: &str) -> Option<AssociationOrder> {
    let order = |text: String| match text.to_lowercase().as_str() {
        "userid" => Ok(AssociationOrder::UserId),
        "customernumber" => Ok(AssociationOrder::CustomerNumber),
        _ => Err(FieldCode::NotAllowed.says("must be UserId or CustomerNumber")),
    };
    fields.text(name, order).or(AssociationOrder::UserId)
}

fn sort_direction(fields: &mut Fields<'_>, name: &str) -> Option<Direction> {
    let direction = |text: String| match text.to_lowercase().as_str() {
        "asc" => Ok(Direction::Ascending),
        "desc" => Ok(Direction::Descending),
        _ => Err(FieldCode::NotAllowed.says("must be asc or desc")),
    };
    fields.text(name, direction).or(Direction::Ascending)
}

/// A whole number from 1 to `max`, in digits alone.
fn whole(text: &str, max: u64) -> Result<u64, FieldError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| digits && (1..=max).contains(number));
    number.ok_or_else(|| FieldCode::OutOfRange.says(format!("must be a whole number from 1 to {max}")))
}

impl From<ListAssociationsRequest> for ListQuery {
    fn from(request: ListAssociationsRequest) -> Self {
        let number = request.page_number.unwrap_or(1);
        Self {
            order: request.sort_on,
            descending: request.sort_direction == Direction::Descending,
            filters: request.filters,
            start: request.page_token.map_or(PageStart::Number(number), PageStart::Token),
            size: request.page_size,
        }
    }
}

/// The list that a query asks for.
pub(crate) struct ListParameters(pub(crate) ListQuery);

impl<S: Sync> FromRequestParts<S> for ListParameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(list_query(&parts.uri)?))
    }
}

/// Reads the list that a query asks for.
///
/// # Errors
/// What is bad, by the parameters' names.
pub fn list_query(uri: &Uri) -> Result<ListQuery, FieldErrors> {
    read(uri).map(ListQuery::from)
}

fn read(uri: &Uri) -> Result<ListAssociationsRequest, FieldErrors> {
    let (mut filters, mut others) = (Vec::new(), Vec::new());
    for (name, value) in parameters(uri)? {
        match FilterParameter::of(&name) {
            Some(rest) => filters.push(FilterParameter { rest: rest.to_lowercase(), name, value }.into_json()),
            None => others.push((name, value)),
        }
    }
    Fields::read_query(JsonObject::of_parameters(others).with("Filters", filters.into()))
}
