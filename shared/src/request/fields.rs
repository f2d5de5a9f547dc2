use std::{borrow::Cow, mem::take};

use domain::text::FieldError;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::problem::FieldErrors;

/// A request type that is read out of [`Fields`].
pub trait FromFields: Sized {
    /// Reads every field, so that each bad one is named. `None` says that one is bad.
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self>;
}

/// A whole object, unread.
pub struct JsonObject(pub Map<String, Value>);

impl FromFields for JsonObject {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self(take(&mut fields.values)))
    }
}

/// The value of a field. `None` says that the field is bad, and its error is in the answer.
pub type Read<T> = Option<T>;

/// A field as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field<T> {
    /// The field isn't there, or null.
    Absent,
    /// The field can't be used, and its error is in the answer.
    Bad,
    /// The field's value.
    Value(T),
}

impl<T> Field<T> {
    /// The value, or `None` in its place; nothing where the field is bad.
    #[must_use]
    pub fn optional(self) -> Read<Option<T>> {
        match self {
            Self::Absent => Some(None),
            Self::Bad => None,
            Self::Value(value) => Some(Some(value)),
        }
    }

    /// The value, or `default` in its place; nothing where the field is bad.
    #[must_use]
    pub fn or(self, default: T) -> Read<T> {
        match self {
            Self::Absent => Some(default),
            Self::Bad => None,
            Self::Value(value) => Some(value),
        }
    }
}

/// The fields of a JSON object, each parsed on its own. A wrong type, a missing field and a broken rule are named side
/// by side, under the field's path; serde would stop at the first.
pub struct Fields<'a> {
    values: Map<String, Value>,
    path: String,
    errors: &'a mut FieldErrors,
    names: Names,
}

/// How fields are found by their names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    /// As they are written.
    Exact,
    /// Without case: the values' names are in lower case.
    Folded,
}

/// The error of a query parameter that is sent twice.
pub const GIVEN_ONCE: &str = "must be given once";

impl Fields<'_> {
    /// Reads `T` out of a whole body.
    ///
    /// # Errors
    /// Every bad field.
    pub fn read<T: FromFields>(values: Map<String, Value>) -> Result<T, FieldErrors> {
        Self::read_by(values, Names::Exact)
    }

    /// Reads `T` out of a query, whose parameters' names are in lower case. A parameter that was sent twice holds an
    /// array.
    ///
    /// # Errors
    /// Every bad parameter.
    pub fn read_query<T: FromFields>(values: Map<String, Value>) -> Result<T, FieldErrors> {
        Self::read_by(values, Names::Folded)
    }

    fn read_by<T: FromFields>(values: Map<String, Value>, names: Names) -> Result<T, FieldErrors> {
        let mut errors = FieldErrors::new();
        let read = T::from_fields(&mut Fields { values, path: String::new(), errors: &mut errors, names });
        read.filter(|_| errors.is_empty()).ok_or(errors)
    }

    fn value(&self, name: &str) -> Option<&Value> {
        match self.names {
            Names::Exact => self.values.get(name),
            Names::Folded => self.values.get(&name.to_lowercase()),
        }
    }

    /// The field as JSON of this shape, where it has it.
    #[must_use]
    pub fn json<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        T::deserialize(self.value(name)?.clone()).ok()
    }

    /// Reads a nested object. One that is missing is read as empty, so that each of its required fields is named.
    pub fn object<T: FromFields>(&mut self, name: &str) -> Option<T> {
        let values = match self.value(name) {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(values)) => values.clone(),
            Some(_) => {
                self.add_error(name, "must be an object");
                return None;
            }
        };
        self.nested(name, values)
    }

    /// Reads an object that is put together of other fields.
    pub fn nested<T: FromFields>(&mut self, name: &str, values: Map<String, Value>) -> Option<T> {
        let path = format!("{}{name}.", self.path);
        T::from_fields(&mut Fields { values, path, errors: self.errors, names: self.names })
    }

    /// Reads a text that must be there; `None` where it is bad.
    pub fn required<T>(&mut self, name: &str, parse: impl FnOnce(String) -> Result<T, FieldError>) -> Option<T> {
        match self.text(name, parse) {
            Field::Value(value) => Some(value),
            Field::Absent => {
                self.add_error(name, "is required");
                None
            }
            Field::Bad => None,
        }
    }

    /// Reads a text that may be absent or null.
    pub fn text<T>(&mut self, name: &str, parse: impl FnOnce(String) -> Result<T, FieldError>) -> Field<T> {
        let parsed = match self.value(name) {
            None | Some(Value::Null) => return Field::Absent,
            Some(Value::String(text)) => parse(text.clone()),
            Some(Value::Array(_)) if self.names == Names::Folded && self.path.is_empty() => Err(GIVEN_ONCE.to_owned()),
            Some(_) => Err("must be a string".to_owned()),
        };
        match parsed {
            Ok(value) => Field::Value(value),
            Err(fault) => {
                self.add_error(name, fault);
                Field::Bad
            }
        }
    }

    /// Reads a Boolean that may be absent or null.
    pub fn boolean(&mut self, name: &str) -> Field<bool> {
        match self.value(name) {
            None | Some(Value::Null) => Field::Absent,
            Some(Value::Bool(value)) => Field::Value(*value),
            Some(_) => {
                self.add_error(name, "must be true or false");
                Field::Bad
            }
        }
    }

    /// Whether the body has a field of this name that is null.
    #[must_use]
    pub fn is_null(&self, name: &str) -> bool {
        self.value(name).is_some_and(Value::is_null)
    }

    /// Whether the body has a field of this name that isn't null.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| !value.is_null())
    }

    /// Whether the body has an object of this name.
    #[must_use]
    pub fn has_object(&self, name: &str) -> bool {
        self.value(name).is_some_and(Value::is_object)
    }

    /// Adds what is wrong with a field.
    pub fn add_error(&mut self, name: &str, fault: impl Into<Cow<'static, str>>) {
        let path = format!("{}{name}", self.path);
        self.errors.entry(path.into()).or_default().push(fault.into());
    }
}

#[cfg(test)]
mod tests {
    use domain::text::bounded;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq)]
    struct Inner(String, Option<String>);

    impl FromFields for Inner {
        fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
            let name = fields.required("Name", |text| bounded(&text, 1, 5));
            let city = fields.text("City", |text| bounded(&text, 0, 5)).optional();
            Some(Self(name?, city?))
        }
    }

    #[derive(Debug, PartialEq)]
    struct Outer(Inner, String);

    impl FromFields for Outer {
        fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
            let inner = fields.object("Inner");
            let word = fields.required("Word", Ok);
            Some(Self(inner?, word?))
        }
    }

    fn read(body: Value) -> Result<Outer, Value> {
        let Value::Object(values) = body else { panic!("no object") };
        Fields::read(values).map_err(|errors| serde_json::to_value(errors).unwrap())
    }

    #[test]
    fn a_good_body_is_read_and_unknown_fields_are_ignored() {
        let body = json!({"Inner": {"Name": " a ", "City": null, "New": 1}, "Word": " b ", "Other": []});
        assert_eq!(read(body), Ok(Outer(Inner("a".to_owned(), None), " b ".to_owned())));
    }

    #[test]
    fn wrong_types_missing_fields_and_broken_rules_are_named_together() {
        let body = json!({"Inner": {"City": "beyond"}, "Word": 1});
        let errors = json!({
            "Inner.Name": ["is required"],
            "Inner.City": ["must have at most 5 characters"],
            "Word": ["must be a string"],
        });
        assert_eq!(read(body), Err(errors));
    }

    #[test]
    fn a_missing_object_names_what_it_would_need() {
        let errors = json!({"Inner.Name": ["is required"], "Word": ["is required"]});
        assert_eq!(read(json!({})), Err(errors));
        assert_eq!(read(json!({"Inner": [], "Word": "x"})), Err(json!({"Inner": ["must be an object"]})));
    }
}
