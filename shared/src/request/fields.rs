use std::{borrow::Cow, mem::take};

use domain::{patch::Patch, text::Fault};
use serde_json::{Map, Value};

use crate::problem::FieldErrors;

/// A request type that is read out of [`Fields`].
pub trait FromFields: Sized {
    /// Reads every field, so that each bad one is noted; `None` where one was.
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self>;
}

/// A whole object, unread.
pub struct JsonObject(pub Map<String, Value>);

impl FromFields for JsonObject {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self(take(&mut fields.values)))
    }
}

/// The fields of a JSON object, each parsed on its own: a wrong type, a missing field and a broken rule are noted side
/// by side, under the field's path. (Serde stops at the first.)
pub struct Fields<'a> {
    values: Map<String, Value>,
    path: String,
    errors: &'a mut FieldErrors,
}

impl Fields<'_> {
    /// Reads `T` out of a whole body.
    ///
    /// # Errors
    /// Every bad field.
    pub fn read<T: FromFields>(values: Map<String, Value>) -> Result<T, FieldErrors> {
        let mut errors = FieldErrors::new();
        let read = T::from_fields(&mut Fields { values, path: String::new(), errors: &mut errors });
        read.filter(|_| errors.is_empty()).ok_or(errors)
    }

    /// Reads a nested object; one that is missing is read as empty, so that each of its required fields is named.
    pub fn object<T: FromFields>(&mut self, name: &str) -> Option<T> {
        let values = match self.values.remove(name) {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(values)) => values,
            Some(_) => {
                self.note(name, "must be an object");
                return None;
            }
        };
        T::from_fields(&mut Fields { values, path: format!("{}{name}.", self.path), errors: self.errors })
    }

    /// A text that must be there.
    pub fn required<T>(&mut self, name: &str, parse: fn(String) -> Result<T, Fault>) -> Option<T> {
        let parsed = self.optional(name, parse)?;
        if parsed.is_none() {
            self.note(name, "is required");
        }
        parsed
    }

    /// A text that may be absent or null; `None` where it is bad, `Some(None)` where it isn't there.
    pub fn optional<T>(&mut self, name: &str, parse: fn(String) -> Result<T, Fault>) -> Option<Option<T>> {
        let parsed = match self.values.remove(name) {
            None | Some(Value::Null) => return Some(None),
            Some(Value::String(text)) => parse(text),
            Some(_) => Err("must be a string".to_owned()),
        };
        match parsed {
            Ok(value) => Some(Some(value)),
            Err(fault) => {
                self.note(name, fault);
                None
            }
        }
    }

    /// A text of a merge patch; `None` where it is bad.
    pub fn patch<T>(&mut self, name: &str, parse: fn(String) -> Result<T, Fault>) -> Option<Patch<T>> {
        if self.values.get(name).is_some_and(Value::is_null) {
            return Some(Patch::Remove);
        }
        Some(self.optional(name, parse)?.map_or(Patch::Keep, Patch::Set))
    }

    /// A text of a merge patch that can't be removed; `None` where it is bad.
    pub fn lasting<T>(&mut self, name: &str, parse: fn(String) -> Result<T, Fault>) -> Option<Option<T>> {
        match self.patch(name, parse)? {
            Patch::Set(value) => Some(Some(value)),
            Patch::Keep => Some(None),
            Patch::Remove => {
                self.note(name, "can't be removed");
                None
            }
        }
    }

    /// A truth value that may be absent or null; `None` where it is bad.
    pub fn optional_bool(&mut self, name: &str) -> Option<Option<bool>> {
        match self.values.remove(name) {
            None | Some(Value::Null) => Some(None),
            Some(Value::Bool(value)) => Some(Some(value)),
            Some(_) => {
                self.note(name, "must be true or false");
                None
            }
        }
    }

    /// Whether the body has a field of this name that isn't null.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|value| !value.is_null())
    }

    /// Whether the body has an object of this name.
    #[must_use]
    pub fn has_object(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(Value::is_object)
    }

    /// Notes what a rule over more than one field found.
    pub fn note(&mut self, name: &str, fault: impl Into<Cow<'static, str>>) {
        let path = format!("{}{name}", self.path);
        self.errors.entry(path.into()).or_default().push(fault.into());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use domain::text::bounded;

    #[derive(Debug, PartialEq)]
    struct Inner(String, Option<String>);

    impl FromFields for Inner {
        fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
            let name = fields.required("Name", |text| bounded(&text, 1, 5));
            let city = fields.optional("City", |text| bounded(&text, 0, 5));
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
