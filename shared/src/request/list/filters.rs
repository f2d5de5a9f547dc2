//! The three forms of a list's filters.

use std::collections::BTreeMap;

use domain::field_error::FieldCode;
use serde_json::{Map, Value};

use crate::request::{Fields, FromFields, JsonObject, Read, given_once};

const MAX_FILTERS: usize = 20;
const FORMS: &str = "must be a JSON object or array of objects with Field, Operator and Value, or be written \
                     Filters[0].Field, Filters[0].Operator and Filters[0].Value";

const PREFIX: &str = "filters";

/// A parameter whose name is `Filters`, in any case, and then `rest`.
pub(super) struct FilterParameter {
    /// The name as it was sent.
    pub(super) name: String,
    /// What follows `Filters`, in lower case.
    pub(super) rest: String,
    pub(super) value: String,
}

impl FilterParameter {
    /// What follows `Filters` in a parameter's name, where the parameter is one of a filter.
    pub(super) fn of(name: &str) -> Option<&str> {
        let (prefix, rest) = name.split_at_checked(PREFIX.len())?;
        (prefix.eq_ignore_ascii_case(PREFIX) && (rest.is_empty() || rest.starts_with(['[', '.']))).then_some(rest)
    }

    /// The parameter as [`read_filters`] takes it, among the other parameters.
    pub(super) fn into_json(self) -> Value {
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
pub fn read_filters<F: FromFields>(fields: &mut Fields<'_>, name: &str) -> Read<Vec<F>> {
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
    fn finish<F: FromFields>(self, fields: &mut Fields<'_>) -> Read<Vec<F>> {
        if self.whole.len() + self.numbered.len() > MAX_FILTERS {
            fields.add_error("Filters", FieldCode::TooMany.says("must be at most 20"));
            return None;
        }
        let whole = self.whole.into_iter().enumerate();
        let whole = whole.map(|(number, object)| (format!("Filters[{number}]"), object));
        let numbered = self.numbered.into_iter().map(|(number, parts)| (format!("Filters[{number}]"), parts.into()));
        // Each is read, so that each bad part is named.
        let filters: Vec<_> = whole.chain(numbered).map(|(path, object)| fields.nested(&path, object)).collect();
        filters.into_iter().collect()
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
