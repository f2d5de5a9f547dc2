//! The three forms of a list's filters.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::{Map, Value};
use shared::{
    problem::FieldErrors,
    table::{AssociationFilter, Field, Operator},
};

const MOST_FILTERS: usize = 20;
const FORMS: &str = "must be a JSON object or array of objects with Field, Operator and Value, or be written \
                     Filters[0].Field, Filters[0].Operator and Filters[0].Value";
const FIELDS: &str = "must be UserId or CustomerNumber";
const OPERATORS: &str =
    "must be one of startswith, contains, notcontains, endswith, equals, notequals, gt, gte, lt, lte";

/// A filter as it is put together from its parameters, each part under its name in lower case.
type Parts = BTreeMap<String, Value>;

/// The filters of a query, as they are met.
#[derive(Default)]
pub(crate) struct Filters {
    whole: Vec<Parts>,
    numbered: BTreeMap<u32, Parts>,
}

impl Filters {
    /// Takes a parameter whose name, as it was sent, is `name`, and in lower case is `filters` and then `place`.
    pub(crate) fn add(&mut self, name: &str, place: &str, value: &str, errors: &mut FieldErrors) {
        if place.is_empty() {
            match whole(value) {
                Some(filters) => self.whole.extend(filters),
                None => note(errors, "Filters", FORMS),
            }
            return;
        }
        match numbered(place) {
            Some((number, part)) => {
                let parts = self.numbered.entry(number).or_default();
                if parts.insert(part.to_owned(), Value::from(value)).is_some() {
                    note(errors, name.to_owned(), "must be given once");
                }
            }
            None => note(errors, name.to_owned(), FORMS),
        }
    }

    /// The filters, where all of them are good.
    pub(crate) fn finish(self, errors: &mut FieldErrors) -> Vec<AssociationFilter> {
        if self.whole.len() + self.numbered.len() > MOST_FILTERS {
            note(errors, "Filters", "must be at most 20");
            return Vec::new();
        }
        let whole = self.whole.into_iter().enumerate();
        let whole = whole.map(|(place, parts)| (format!("Filters[{place}]"), parts));
        let numbered = self.numbered.into_iter().map(|(number, parts)| (format!("Filters[{number}]"), parts));
        let mut filters = Vec::new();
        for (path, mut parts) in whole.chain(numbered) {
            let field = part(&mut parts, &path, "Field", errors, |text| field(&text).ok_or(FIELDS));
            let operator = part(&mut parts, &path, "Operator", errors, |text| operator(&text).ok_or(OPERATORS));
            let value = part(&mut parts, &path, "Value", errors, Ok);
            if let (Some(field), Some(operator), Some(value)) = (field, operator, value) {
                filters.push(AssociationFilter { field, operator, value });
            }
        }
        filters
    }
}

fn note(errors: &mut FieldErrors, name: impl Into<Cow<'static, str>>, fault: &'static str) {
    errors.entry(name.into()).or_default().push(fault.into());
}

/// `Filters=` with an object or an array of objects.
fn whole(value: &str) -> Option<Vec<Parts>> {
    let objects = match serde_json::from_str(value).ok()? {
        Value::Array(objects) => objects,
        object => vec![object],
    };
    let parts =
        |object: Map<String, Value>| object.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
    objects
        .into_iter()
        .map(|object| if let Value::Object(object) = object { Some(parts(object)) } else { None })
        .collect()
}

/// `[0].field` or `[0][field]`.
fn numbered(place: &str) -> Option<(u32, &str)> {
    let (number, rest) = place.strip_prefix('[')?.split_once(']')?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let part = match rest.strip_prefix('.') {
        Some(part) => part,
        None => rest.strip_prefix('[')?.strip_suffix(']')?,
    };
    let known = digits && matches!(part, "field" | "operator" | "value");
    known.then_some((number.parse().ok()?, part))
}

fn part<T>(
    parts: &mut Parts,
    path: &str,
    name: &str,
    errors: &mut FieldErrors,
    parse: fn(String) -> Result<T, &'static str>,
) -> Option<T> {
    let parsed = match parts.remove(&name.to_lowercase()) {
        None | Some(Value::Null) => Err("is required"),
        Some(Value::String(text)) => parse(text),
        Some(_) => Err("must be a string"),
    };
    parsed.map_err(|fault| note(errors, format!("{path}.{name}"), fault)).ok()
}

fn field(text: &str) -> Option<Field> {
    match text.to_lowercase().as_str() {
        "userid" => Some(Field::UserId),
        "customernumber" => Some(Field::CustomerNumber),
        _ => None,
    }
}

fn operator(text: &str) -> Option<Operator> {
    Some(match text.to_lowercase().as_str() {
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
        _ => return None,
    })
}
