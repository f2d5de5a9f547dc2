use std::{
    collections::BTreeSet,
    mem::{swap, take},
};

use domain::field_error::{FieldCode, FieldError};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use strsim::normalized_damerau_levenshtein;

use super::{JsonObject, json_object::find};
use crate::problem::FieldErrors;

/// A request type that is read out of [`Fields`].
pub trait FromFields: Sized {
    /// Declares the request's fields, and reads every one, so that each bad one is named. `None` says that one is bad.
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self>;
}

/// A whole object, unread.
impl FromFields for JsonObject {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { values: take(&mut fields.values), repeated: take(&mut fields.findings.repeated) })
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

/// The fields of a JSON object, each parsed on its own. A wrong type, a missing field, a broken rule and a field that
/// the request doesn't have are named side by side, under the field's path; serde would stop at the first.
///
/// Names are read without case.
pub struct Fields<'a> {
    values: Map<String, Value>,
    path: String,
    /// The fields that the request has, of this object.
    declared: Vec<&'static str>,
    unknown: Unknown,
    findings: &'a mut Findings,
}

/// What reading a request has found so far, at every depth.
#[derive(Default)]
struct Findings {
    errors: FieldErrors,
    /// The paths of fields that were sent twice and aren't said to be yet.
    repeated: BTreeSet<String>,
    /// Every name that was declared.
    names: BTreeSet<&'static str>,
}

/// What becomes of a field that the request doesn't have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unknown {
    Refused,
    Ignored,
}

/// Returns the error of a field or parameter that is sent twice.
#[must_use]
pub fn given_once() -> FieldError {
    FieldCode::Repeated.says("must be given once")
}

/// From this similarity on (of 0 to 1), a name is taken for another one that was mistyped.
const SIMILAR: f64 = 0.6;
/// The longest name that is compared with others, in bytes.
const MAX_COMPARED_NAME: usize = 100;
/// How many unknown fields of an object are named. A body has room for thousands.
const MAX_NAMED_UNKNOWN: usize = 20;

impl Fields<'_> {
    /// Reads `T` out of a whole body. A field that `T` doesn't declare is refused.
    ///
    /// # Errors
    /// Every bad field.
    pub fn read<T: FromFields>(object: JsonObject) -> Result<T, FieldErrors> {
        Self::read_with_names(object).map(|(read, _)| read)
    }

    /// Reads `T` out of a query. A parameter that `T` doesn't declare is ignored.
    ///
    /// # Errors
    /// Every bad parameter.
    pub fn read_query<T: FromFields>(object: JsonObject) -> Result<T, FieldErrors> {
        Self::read_by(object, Unknown::Ignored).map(|(read, _)| read)
    }

    /// Like [`Fields::read`]; also returns every name that was declared, at whatever depth.
    pub(super) fn read_with_names<T: FromFields>(
        object: JsonObject,
    ) -> Result<(T, BTreeSet<&'static str>), FieldErrors> {
        Self::read_by(object, Unknown::Refused)
    }

    fn read_by<T: FromFields>(
        object: JsonObject,
        unknown: Unknown,
    ) -> Result<(T, BTreeSet<&'static str>), FieldErrors> {
        let JsonObject { values, repeated } = object;
        let mut findings = Findings { repeated, ..Findings::default() };
        let fields = Fields { values, path: String::new(), declared: Vec::new(), unknown, findings: &mut findings };
        let read = fields.finish();
        if unknown == Unknown::Refused {
            for path in take(&mut findings.repeated) {
                findings.errors.entry(path.into()).or_default().push(given_once());
            }
        }
        read.filter(|_| findings.errors.is_empty()).map(|read| (read, findings.names)).ok_or(findings.errors)
    }

    /// Reads `T`, and then names each field that nothing declared.
    fn finish<T: FromFields>(mut self) -> Option<T> {
        let read = T::from_fields(&mut self);
        if self.unknown == Unknown::Refused {
            let is_unknown = |sent: &&String| !self.declared.iter().any(|name| sent.eq_ignore_ascii_case(name));
            let unknown: Vec<_> = self.values.keys().filter(is_unknown).take(MAX_NAMED_UNKNOWN).cloned().collect();
            for name in unknown {
                let fault = match self.nearest(&name) {
                    Some(nearest) => format!("is no field of this request; did you mean {nearest}?"),
                    None => "is no field of this request".to_owned(),
                };
                self.add_error(&name, FieldCode::UnknownField.says(fault));
            }
        }
        read
    }

    /// The declared field whose name is most like this one, where one is like it.
    fn nearest(&self, name: &str) -> Option<&'static str> {
        if name.len() > MAX_COMPARED_NAME {
            return None;
        }
        let sent = name.to_lowercase();
        let likeness = |known: &&'static str| normalized_damerau_levenshtein(&sent, &known.to_lowercase());
        let known = self.declared.iter().copied().map(|known| (likeness(&known), known));
        let (likeness, nearest) = known.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
        (likeness >= SIMILAR).then_some(nearest)
    }

    /// Declares fields of this object that the request has. One that was sent twice is named.
    pub fn declare(&mut self, names: &[&'static str]) {
        for name in names {
            let path = self.path_of(name);
            let mut repeated = take(&mut self.findings.repeated);
            repeated.retain(|sent| {
                let same = sent.eq_ignore_ascii_case(&path);
                if same {
                    self.add_error(name, given_once());
                }
                !same
            });
            swap(&mut self.findings.repeated, &mut repeated);
        }
        self.declared.extend(names);
        self.findings.names.extend(names);
    }

    /// The field's value as it was sent.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        find(&self.values, name)
    }

    /// The field's path in the body.
    pub(super) fn path_of(&self, name: &str) -> String {
        format!("{}{name}", self.path)
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
                self.add_error(name, FieldCode::WrongType.says("must be an object"));
                return None;
            }
        };
        self.nested(name, values.into())
    }

    /// Reads an object that is put together of other fields.
    pub fn nested<T: FromFields>(&mut self, name: &str, object: JsonObject) -> Option<T> {
        let JsonObject { values, repeated } = object;
        let path = format!("{}.", self.path_of(name));
        self.findings.repeated.extend(repeated.into_iter().map(|sent| format!("{path}{sent}")));
        let findings = &mut *self.findings;
        Fields { values, path, declared: Vec::new(), unknown: Unknown::Refused, findings }.finish()
    }

    /// Reads a text that must be there; `None` where it is bad.
    pub fn required<T>(&mut self, name: &str, parse: impl FnOnce(String) -> Result<T, FieldError>) -> Option<T> {
        match self.text(name, parse) {
            Field::Value(value) => Some(value),
            Field::Absent => {
                self.add_error(name, FieldCode::Required.says("is required"));
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
            Some(_) => Err(FieldCode::WrongType.says("must be a string")),
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
                self.add_error(name, FieldCode::WrongType.says("must be true or false"));
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

    /// Whether the body has a field of this name, null or not.
    #[must_use]
    pub fn is_sent(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// Adds what is wrong with a field.
    pub fn add_error(&mut self, name: &str, error: FieldError) {
        let path = self.path_of(name);
        self.findings.errors.entry(path.into()).or_default().push(error);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::text::bounded;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq)]
    struct Inner(String, Option<String>);

    impl FromFields for Inner {
        fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
            fields.declare(&["Name", "City"]);
            let name = fields.required("Name", |text| bounded(&text, 1, 5));
            let city = fields.text("City", |text| bounded(&text, 0, 5)).optional();
            Some(Self(name?, city?))
        }
    }

    #[derive(Debug, PartialEq)]
    struct Outer(Inner, String);

    impl FromFields for Outer {
        fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
            fields.declare(&["Inner", "Word"]);
            let inner = fields.object("Inner");
            let word = fields.required("Word", Ok);
            Some(Self(inner?, word?))
        }
    }

    fn read(body: &Value) -> Result<Outer, Value> {
        read_text(&body.to_string())
    }

    fn read_text(body: &str) -> Result<Outer, Value> {
        let object = JsonObject::parse(body.as_bytes()).unwrap().unwrap();
        Fields::read(object).map_err(|errors| {
            let says =
                |(name, errors): (_, Vec<FieldError>)| (name, errors.into_iter().map(|error| error.message).collect());
            serde_json::to_value(errors.into_iter().map(says).collect::<BTreeMap<_, Vec<_>>>()).unwrap()
        })
    }

    #[test]
    fn a_good_body_is_read_in_any_case_of_its_names() {
        let good = Outer(Inner("a".to_owned(), None), " b ".to_owned());
        assert_eq!(read(&json!({"Inner": {"Name": " a ", "City": null}, "Word": " b "})), Ok(good));
        let good = Outer(Inner("a".to_owned(), Some("c".to_owned())), "b".to_owned());
        assert_eq!(read(&json!({"INNER": {"name": "a", "cITY": "c"}, "word": "b"})), Ok(good));
    }

    #[test]
    fn a_field_that_the_request_does_not_have_is_named_with_the_nearest() {
        let body = json!({"Inner": {"Name": "a", "Ctiy": "c", "Q": null}, "Word": "b", "Inter": {"Name": 1}, "": 1});
        let errors = json!({
            "Inner.Ctiy": ["is no field of this request; did you mean City?"],
            "Inner.Q": ["is no field of this request"],
            "Inter": ["is no field of this request; did you mean Inner?"],
            "": ["is no field of this request"],
        });
        assert_eq!(read(&body), Err(errors));
        let many: Map<_, _> = (0..10_000).map(|number| (format!("x{number}"), Value::Null)).collect();
        let errors = read(&Value::Object(many)).unwrap_err();
        assert_eq!(errors.as_object().unwrap().len(), MAX_NAMED_UNKNOWN + 2);
        assert!(read(&json!({"w".repeat(60_000): 1})).is_err());
    }

    #[test]
    fn a_field_that_is_sent_twice_is_named_as_the_request_declares_it() {
        let body = r#"{"inner": {"name": "a", "NAME": "b"}, "Word": "b", "word": 1, "x": [{"y": 1, "y": 2}]}"#;
        let errors = json!({
            "Inner.Name": ["must be given once"],
            "Word": ["must be given once"],
            "x": ["is no field of this request"],
            "x[0].y": ["must be given once"],
        });
        assert_eq!(read_text(body), Err(errors));
    }

    #[test]
    fn wrong_types_missing_fields_and_broken_rules_are_named_together() {
        let body = json!({"Inner": {"City": "beyond"}, "Word": 1});
        let errors = json!({
            "Inner.Name": ["is required"],
            "Inner.City": ["must have at most 5 characters"],
            "Word": ["must be a string"],
        });
        assert_eq!(read(&body), Err(errors));
    }

    #[test]
    fn a_missing_object_names_what_it_would_need() {
        let errors = json!({"Inner.Name": ["is required"], "Word": ["is required"]});
        assert_eq!(read(&json!({})), Err(errors));
        assert_eq!(read(&json!({"Inner": [], "Word": "x"})), Err(json!({"Inner": ["must be an object"]})));
    }
}
