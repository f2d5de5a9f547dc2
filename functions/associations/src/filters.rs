//! The three forms of a list's filters.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use shared::{
    field_error::FieldCode,
    request::{Fields, JsonObject, given_once},
    table::{AssociationFilter, Field, Operator},
};
use utoipa::ToSchema;

const MAX_FILTERS: usize = 20;
const FORMS: &str = "must be a JSON object or array of objects with Field, Operator and Value, or be written \
                     Filters[0].Field, Filters[0].Operator and Filters[0].Value";
const FIELDS: &str = "must be UserId or CustomerNumber";
const OPERATORS: &str =
    "must be one of startswith, contains, notcontains, endswith, equals, notequals, gt, gte, lt, lte";

const PREFIX: &str = "filters";

/// A parameter whose name is `Filters`, in any case, and then `rest`.
pub(crate) struct FilterParameter {
    /// The name as it was sent.
    pub(crate) name: String,
    /// What follows `Filters`, in lower case.
    pub(crate) rest: String,
    pub(crate) value: String,
}

impl FilterParameter {
    /// What follows `Filters` in a parameter's name, where the parameter is one of a filter.
    pub(crate) fn of(name: &str) -> Option<&str> {
        let (prefix, rest) = name.split_at_checked(PREFIX.len())?;
        (prefix.eq_ignore_ascii_case(PREFIX) && (rest.is_empty() || rest.starts_with(['[', '.']))).then_some(rest)
    }

    /// The parameter as [`read`] takes it, among the other parameters.
    pub(crate) fn into_json(self) -> Value {
        Value::from(vec![self.name, self.rest, self.value])
    }
}

/// The filters of a query, as they are met.
#[derive(Default)]
struct Filters {
    whole: Vec<JsonObject>,
    numbered: BTreeMap<u32, Map<String, Value>>,
}

/// Reads the filters out of their parameters; `None` where one is bad.
pub(crate) fn read(fields: &mut Fields<'_>, name: &str) -> Option<Vec<AssociationFilter>> {
    let parameters: Vec<[String; 3]> = fields.json(name).unwrap_or_default();
    let mut filters = Filters::default();
    for [name, rest, value] in &parameters {
        filters.add(name, rest, value, fields);
    }
    filters.finish(fields)
}

impl Filters {
    fn add(&mut self, name: &str, rest: &str, value: &str, fields: &mut Fields<'_>) {
        if rest.is_empty() {
            match JsonObject::one_or_more(value) {
                Some(filters) => self.whole.extend(filters),
                None => fields.add_error("Filters", FieldCode::InvalidFilter.says(FORMS)),
            }
            return;
        }
        match split_index(rest) {
            Some((number, part)) => {
                let parts = self.numbered.entry(number).or_default();
                if parts.insert(part.to_owned(), Value::from(value)).is_some() {
                    fields.add_error(name, given_once());
                }
            }
            None => fields.add_error(name, FieldCode::InvalidFilter.says(FORMS)),
        }
    }

    /// The filters, where all of them are good.
    fn finish(self, fields: &mut Fields<'_>) -> Option<Vec<AssociationFilter>> {
        if self.whole.len() + self.numbered.len() > MAX_FILTERS {
            fields.add_error("Filters", FieldCode::TooMany.says("must be at most 20"));
            return None;
        }
        let whole = self.whole.into_iter().enumerate();
        let whole = whole.map(|(number, object)| (format!("Filters[{number}]"), object));
        let numbered = self.numbered.into_iter().map(|(number, parts)| (format!("Filters[{number}]"), parts.into()));
        // Each is read, so that each bad part is named.
        let filters: Vec<_> = whole.chain(numbered).map(|(path, object)| fields.nested(&path, object)).collect();
        let filters: Option<Vec<FilterParts>> = filters.into_iter().collect();
        Some(filters?.into_iter().map(AssociationFilter::from).collect())
    }
}

shared::request! {
    /// A condition that every listed row keeps. Comparison is by Unicode code point and minds case.
    #[derive(ToSchema)]
    #[schema(as = Filter, rename_all = "PascalCase")]
    pub(crate) struct FilterParts {
        field: Field = field,
        operator: Operator = operator,
        /// What the field is compared with, taken as it is.
        value: String,
    }
}

impl From<FilterParts> for AssociationFilter {
    fn from(FilterParts { field, operator, value }: FilterParts) -> Self {
        Self { field, operator, value }
    }
}

/// `[0].field` or `[0][field]`.
fn split_index(rest_of_name: &str) -> Option<(u32, &str)> {
    let (number, rest) = rest_of_name.strip_prefix('[')?.split_once(']')?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let part = match rest.strip_prefix('.') {
        Some(part) => part,
        None => rest.strip_prefix('[')?.strip_suffix(']')?,
    };
    let known = digits && matches!(part, "field" | "operator" | "value");
    known.then_some((number.parse().ok()?, part))
}

fn field(fields: &mut Fields<'_>, name: &str) -> Option<Field> {
    fields.required(name, |text| match text.to_lowercase().as_str() {
        "userid" => Ok(Field::UserId),
        "customernumber" => Ok(Field::CustomerNumber),
        _ => Err(FieldCode::NotAllowed.says(FIELDS)),
    })
}

fn operator(fields: &mut Fields<'_>, name: &str) -> Option<Operator> {
    fields.required(name, |text| {
        Ok(match text.to_lowercase().as_str() {
            "startswith" => Operator::StartsWith,
            "contains" => Operator::Contains,
            "notcontains" => Operator::NotContains,
            "endswith" => Operator::EndsWith,
            "equals" => Operator::Equals,
            "notequals" => Operator::NotEquals,
            "gt" => Operator::Gt,
            "gte" => Operator::Gte,
            "lt" => Operator::Lt,
            "lte" => Operator::Lte,
            _ => return Err(FieldCode::NotAllowed.says(OPERATORS)),
        })
    })
}
