use std::{
    collections::{BTreeSet, HashMap},
    mem::take,
};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

/// A JSON object as it was sent: its fields by the names that the caller wrote, of which none is lost unnoticed.
#[derive(Clone, Debug, Default)]
pub struct JsonObject {
    pub(super) values: Map<String, Value>,
    /// The paths of fields that were sent again, in any case of their letters. The first value is kept.
    pub(super) repeated: BTreeSet<String>,
}

impl JsonObject {
    /// Parses a text; `None` where it is another JSON value than an object.
    ///
    /// # Errors
    /// The text is no valid JSON.
    pub(super) fn parse(json: &[u8]) -> Result<Option<Self>, serde_json::Error> {
        Ok(match parse(json)? {
            (Value::Object(values), repeated) => Some(Self { values, repeated }),
            _ => None,
        })
    }

    /// Parses an object or an array of objects; `None` where the text is anything else.
    #[must_use]
    pub fn one_or_more(json: &str) -> Option<Vec<Self>> {
        let (values, repeated) = parse(json.as_bytes()).ok()?;
        match values {
            Value::Object(values) => Some(vec![Self { values, repeated }]),
            Value::Array(items) => {
                let objects = items.into_iter().enumerate().map(|(place, item)| match item {
                    Value::Object(values) => {
                        let prefix = format!("[{place}].");
                        let of_item = repeated.iter().filter_map(|path| path.strip_prefix(&prefix));
                        Some(Self { values, repeated: of_item.map(str::to_owned).collect() })
                    }
                    _ => None,
                });
                objects.collect()
            }
            _ => None,
        }
    }

    /// Takes the items out of the array that the field of this name holds; `None` in the place of one that is no
    /// object. Where the field holds anything else, returns `None` and leaves it.
    pub(super) fn take_items(&mut self, name: &str) -> Option<Vec<Option<Self>>> {
        let sent = self.values.keys().find(|sent| sent.eq_ignore_ascii_case(name))?.clone();
        let items = match self.values.get_mut(&sent)? {
            Value::Array(items) => take(items),
            _ => return None,
        };
        let mut repeated_of = HashMap::<usize, BTreeSet<String>>::new();
        self.repeated.retain(|path| match in_item(path, &sent) {
            Some((place, rest)) => {
                repeated_of.entry(place).or_default().insert(rest.to_owned());
                false
            }
            None => true,
        });
        let objects = items.into_iter().enumerate().map(|(place, item)| match item {
            Value::Object(values) => Some(Self { values, repeated: repeated_of.remove(&place).unwrap_or_default() }),
            _ => None,
        });
        Some(objects.collect())
    }

    /// An object of parameters, in the order in which they were sent.
    pub fn of_parameters(parameters: impl IntoIterator<Item = (String, String)>) -> Self {
        let (mut object, mut names) = (Self::default(), HashMap::new());
        for (name, value) in parameters {
            match names.insert(name.to_ascii_lowercase(), name.clone()) {
                None => drop(object.values.insert(name, Value::String(value))),
                Some(first) => drop(object.repeated.insert(first)),
            }
        }
        object
    }

    /// Adds a field that is put together of others.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.values.insert(name.to_owned(), value);
        self
    }

    /// Whether the object has a field of this name that isn't null.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        find(&self.values, name).is_some_and(|value| !value.is_null())
    }

    /// Returns the fields, at each depth, by the names that the request declares them by.
    pub(super) fn spelled(&self, declared: &BTreeSet<&'static str>) -> Map<String, Value> {
        let names = declared.iter().map(|name| (name.to_ascii_lowercase(), *name)).collect();
        spelled(&self.values, &names)
    }
}

impl From<Map<String, Value>> for JsonObject {
    fn from(values: Map<String, Value>) -> Self {
        Self { values, repeated: BTreeSet::new() }
    }
}

/// Returns the place and the rest of a path that begins in an item of the array of this name, as in `Rows[3].Email`.
fn in_item<'a>(path: &'a str, array: &str) -> Option<(usize, &'a str)> {
    let (place, rest) = path.strip_prefix(array)?.strip_prefix('[')?.split_once("].")?;
    Some((place.parse().ok()?, rest))
}

/// The value of this name, which is read without case.
pub(super) fn find<'a>(values: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    values.get(name).or_else(|| values.iter().find(|(sent, _)| sent.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

fn spelled(values: &Map<String, Value>, names: &HashMap<String, &'static str>) -> Map<String, Value> {
    let fields = values.iter().map(|(sent, value)| {
        let name = names.get(&sent.to_ascii_lowercase()).map_or(sent.as_str(), |name| name);
        let value = match value {
            Value::Object(inner) => Value::Object(spelled(inner, names)),
            value => value.clone(),
        };
        (name.to_owned(), value)
    });
    fields.collect()
}

/// The value of a JSON text, and the paths of fields that are there again.
fn parse(json: &[u8]) -> Result<(Value, BTreeSet<String>), serde_json::Error> {
    let mut repeated = BTreeSet::new();
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let value = Node { path: String::new(), repeated: &mut repeated }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok((value, repeated))
}

/// One value of a JSON text, at its path. `serde_json`'s own maps keep the last of several fields of one name, so that
/// of `{"Name": "a", "name": "b"}` one would be dropped in silence.
struct Node<'a> {
    path: String,
    repeated: &'a mut BTreeSet<String>,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        loop {
            let path = format!("{}[{}]", self.path, values.len());
            match items.next_element_seed(Node { path, repeated: self.repeated })? {
                Some(value) => values.push(value),
                None => return Ok(Value::Array(values)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let (mut values, mut paths) = (Map::new(), HashMap::<_, String>::new());
        while let Some(name) = fields.next_key::<String>()? {
            let path = if self.path.is_empty() { name.clone() } else { format!("{}.{name}", self.path) };
            let value = fields.next_value_seed(Node { path: path.clone(), repeated: self.repeated })?;
            match paths.insert(name.to_ascii_lowercase(), path) {
                None => drop(values.insert(name, value)),
                Some(first) => drop(self.repeated.insert(first)),
            }
        }
        Ok(Value::Object(values))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(json: &str) -> JsonObject {
        JsonObject::parse(json.as_bytes()).unwrap().unwrap()
    }

    #[test]
    fn every_kind_of_value_is_read_as_it_is() {
        let json = r#"{"a":null,"b":[true,-1,18446744073709551615,1.5,"\u00fc"],"c":{"d":{}}}"#;
        assert_eq!(Value::Object(parse(json).values), serde_json::from_str::<Value>(json).unwrap());
        assert!(JsonObject::parse(b"[]").unwrap().is_none());
        for bad in ["", "{", "{}}", "{\"a\":1e999}", "{\"a\":1,}", &"[".repeat(200)] {
            let (ours, theirs) = (JsonObject::parse(bad.as_bytes()), serde_json::from_str::<Value>(bad));
            assert_eq!(ours.unwrap_err().to_string(), theirs.unwrap_err().to_string(), "{bad}");
        }
    }

    #[test]
    fn a_field_that_is_sent_again_in_any_spelling_is_found_at_every_depth() {
        let object = parse(r#"{"a":1,"A":2,"b":{"c":1,"C":2},"d":[{"e":1},{"e":1,"e":2}],"f":1}"#);
        assert_eq!(object.repeated, BTreeSet::from(["a", "b.c", "d[1].e"].map(str::to_owned)));
        assert_eq!(object.values["a"], 1, "the first is kept");
        let parameters = [("A", "1"), ("a", "2"), ("b", "3")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let object = JsonObject::of_parameters(parameters);
        assert_eq!(object.repeated, BTreeSet::from(["A".to_owned()]));
        assert_eq!(Value::Object(object.values), json!({"A": "1", "b": "3"}));
    }

    #[test]
    fn items_are_taken_with_what_was_sent_twice_in_each() {
        let mut object = parse(r#"{"rows":[{"e":1},2,{"e":1,"E":2,"f":{"g":1,"g":2}}],"a":1,"A":2}"#);
        let items = object.take_items("Rows").unwrap();
        let repeated = items.iter().map(|item| item.as_ref().map(|item| item.repeated.clone())).collect::<Vec<_>>();
        let of_third = BTreeSet::from(["e", "f.g"].map(str::to_owned));
        assert_eq!(repeated, [Some(BTreeSet::new()), None, Some(of_third)]);
        assert_eq!(object.repeated, BTreeSet::from(["a".to_owned()]));
        assert_eq!(Value::Object(object.values), json!({"rows": [], "a": 1}));
        assert!(parse(r#"{"Rows":{"e":1}}"#).take_items("Rows").is_none());
    }

    #[test]
    fn fields_are_spelled_as_the_request_declares_them() {
        let object = parse(r#"{"user":{"EMAIL":"a","Other":1},"List":[{"email":2}]}"#);
        let spelled = object.spelled(&BTreeSet::from(["User", "Email"]));
        assert_eq!(Value::Object(spelled), json!({"User": {"Email": "a", "Other": 1}, "List": [{"email": 2}]}));
    }
}
