//! The list's query parameters. Their names, field names, operators and directions are read without case.

use std::collections::BTreeMap;

use axum::{extract::FromRequestParts, http::request::Parts};
use shared::{
    problem::{FieldErrors, Problem},
    table::{AssociationOrder, ListQuery, PageStart},
};
use url::form_urlencoded;
use utoipa::IntoParams;

use crate::filters::Filters;

const MOST_ROWS: u64 = 1000;

/// The parameters as the document shows them.
#[derive(IntoParams)]
#[into_params(rename_all = "PascalCase", parameter_in = Query)]
#[expect(dead_code, reason = "it is read by the derive alone")]
pub(crate) struct Parameters {
    /// The page, from 1.
    #[param(minimum = 1, default = 1)]
    page_number: Option<u64>,
    /// `NextPageToken` of the page before, in the place of `PageNumber`: continues beyond its last row, untouched by rows
    /// that come and go elsewhere.
    page_token: Option<String>,
    /// The most associations on a page.
    #[param(minimum = 1, maximum = 1000, default = 25)]
    page_size: Option<u64>,
    /// `UserId`, or `CustomerNumber` (ties by `UserId`).
    #[param(default = "UserId")]
    sort_on: Option<String>,
    /// `asc` or `desc`.
    #[param(default = "asc")]
    sort_direction: Option<String>,
    /// At most 20 conditions, all of which must hold: a JSON object or an array of objects with `Field`, `Operator` and
    /// `Value`, repeatable; or `Filters[0].Field=…&Filters[0].Operator=…&Filters[0].Value=…`, or `Filters[0][Field]=…`.
    filters: Option<Vec<String>>,
}

/// The parameters as they are read.
pub(crate) struct ListParameters(pub(crate) ListQuery);

impl<S: Sync> FromRequestParts<S> for ListParameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(parse(parts.uri.query().unwrap_or_default())?))
    }
}

/// Every parameter but the filters, by its name in lower case.
struct Single<'e> {
    values: BTreeMap<String, Vec<String>>,
    errors: &'e mut FieldErrors,
}

impl Single<'_> {
    /// The parameter's value, `default` where it isn't sent; notes what is wrong with it.
    fn read<T>(&mut self, name: &'static str, accepts: &'static str, default: T, parse: fn(&str) -> Option<T>) -> T {
        let parsed = match self.values.get(&name.to_lowercase()).map(Vec::as_slice) {
            None => return default,
            Some([value]) => parse(value).ok_or(accepts),
            Some(_) => Err("must be given once"),
        };
        parsed.unwrap_or_else(|fault| {
            self.errors.insert(name.into(), vec![fault.into()]);
            default
        })
    }
}

fn parse(query: &str) -> Result<ListQuery, FieldErrors> {
    let mut errors = FieldErrors::new();
    let mut values = BTreeMap::<_, Vec<_>>::new();
    let mut filters = Filters::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let folded = name.to_lowercase();
        match folded.strip_prefix("filters") {
            Some(place) if place.is_empty() || place.starts_with(['[', '.']) => {
                filters.add(&name, place, &value, &mut errors);
            }
            _ => values.entry(folded).or_default().push(value.into_owned()),
        }
    }
    let filters = filters.finish(&mut errors);
    let mut single = Single { values, errors: &mut errors };
    let number = single.read("PageNumber", "must be a whole number from 1", None, |text| positive(text).map(Some));
    let token = single.read("PageToken", "", None, |text| Some(Some(text.to_owned())));
    if token.is_some() && single.values.contains_key("pagenumber") {
        single.errors.insert("PageToken".into(), vec!["can't be sent together with PageNumber".into()]);
    }
    let start = token.map_or_else(|| PageStart::Number(number.unwrap_or(1)), PageStart::Token);
    let size = single.read("PageSize", "must be a whole number from 1 to 1000", 25, |text| {
        positive(text).filter(|size| *size <= MOST_ROWS)
    });
    let order = single.read("SortOn", "must be UserId or CustomerNumber", AssociationOrder::UserId, |text| match text
        .to_lowercase()
        .as_str()
    {
        "userid" => Some(AssociationOrder::UserId),
        "customernumber" => Some(AssociationOrder::CustomerNumber),
        _ => None,
    });
    let descending =
        single.read("SortDirection", "must be asc or desc", false, |text| match text.to_lowercase().as_str() {
            "asc" => Some(false),
            "desc" => Some(true),
            _ => None,
        });
    if errors.is_empty() { Ok(ListQuery { order, descending, filters, start, size }) } else { Err(errors) }
}

/// A number from 1; one beyond what can be counted is as far past the end as any other.
fn positive(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX)).filter(|number| *number > 0)
}
