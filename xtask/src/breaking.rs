//! Compares two OpenAPI documents: what of the newer one may break a client that was made for the older one.
//!
//! A request may be refused that was taken before: a field or parameter that is gone, newly needed, or takes less.
//! An answer may surprise: a field that is gone or may be missing, another type, a value that wasn't among the listed
//! ones. Words that are listed by `x-extensible-enum` may come, and none may go.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

type Object = Map<String, Value>;

/// Whose data a schema describes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Request,
    Answer,
}

/// The bounds of a value, with whether a larger one lets more through.
const BOUNDS: [(&str, bool); 8] = [
    ("maxLength", true),
    ("minLength", false),
    ("maximum", true),
    ("minimum", false),
    ("maxItems", true),
    ("minItems", false),
    ("maxProperties", true),
    ("minProperties", false),
];

struct Comparison<'a> {
    old: &'a Value,
    new: &'a Value,
    found: BTreeSet<String>,
}

/// Returns what may break a client of `old`, a sentence each.
pub(crate) fn changes(old: &Value, new: &Value) -> BTreeSet<String> {
    let mut comparison = Comparison { old, new, found: BTreeSet::new() };
    for (path, methods) in object(&old["paths"]) {
        for (method, operation) in object(methods) {
            let name = format!("{} {path}", method.to_uppercase());
            match new["paths"][path].get(method) {
                Some(other) => comparison.operation(&name, operation, other),
                None => drop(comparison.found.insert(format!("{name} is gone"))),
            }
        }
    }
    comparison.found
}

impl Comparison<'_> {
    fn operation(&mut self, name: &str, old: &Value, new: &Value) {
        if old["operationId"] != new["operationId"] {
            self.found.insert(format!("{name} is no longer called {}", text(&old["operationId"])));
        }
        for credential in
            array(&old["security"]).filter(|credential| !array(&new["security"]).any(|new| new == *credential))
        {
            let credential = object(credential).map(|(name, _)| name.as_str()).collect::<String>();
            self.found.insert(format!("{name} no longer takes the credential {credential}"));
        }
        if array(&old["security"]).next().is_none() && array(&new["security"]).next().is_some() {
            self.found.insert(format!("{name} needs a credential"));
        }
        self.parameters(name, old, new);
        for (media_type, content) in object(&old["requestBody"]["content"]) {
            match new["requestBody"]["content"].get(media_type) {
                Some(other) => {
                    self.schema(&format!("{name}: request"), &content["schema"], &other["schema"], Direction::Request);
                }
                None => {
                    self.found.insert(format!("{name} no longer takes {media_type}"));
                }
            }
        }
        for (status, answer) in object(&old["responses"]).filter(|(status, _)| status.starts_with('2')) {
            let Some(other) = new["responses"].get(status) else {
                self.found.insert(format!("{name} no longer answers {status}"));
                continue;
            };
            for (media_type, content) in object(&answer["content"]) {
                let other = &other["content"][media_type]["schema"];
                self.schema(&format!("{name}: answer"), &content["schema"], other, Direction::Answer);
            }
        }
    }

    fn parameters(&mut self, name: &str, old: &Value, new: &Value) {
        let of = |document, operation: &Value| -> Vec<Value> {
            array(&operation["parameters"]).map(|parameter| resolve(document, parameter).clone()).collect()
        };
        let (old, new) = (of(self.old, old), of(self.new, new));
        let same = |one: &Value, other: &Value| one["name"] == other["name"] && one["in"] == other["in"];
        for parameter in &old {
            let called = format!("{name}: parameter {}", text(&parameter["name"]));
            match new.iter().find(|other| same(other, parameter)) {
                Some(other) => {
                    if other["required"] == true && parameter["required"] != true {
                        self.found.insert(format!("{called} is needed"));
                    }
                    let schema = |parameter: &Value| {
                        let in_content = parameter.pointer("/content/application~1json/schema");
                        parameter.get("schema").or(in_content).cloned().unwrap_or_default()
                    };
                    self.schema(&called, &schema(parameter), &schema(other), Direction::Request);
                }
                None => {
                    self.found.insert(format!("{called} is gone"));
                }
            }
        }
        for parameter in new.iter().filter(|parameter| parameter["required"] == true) {
            if !old.iter().any(|other| same(other, parameter)) {
                self.found.insert(format!("{name}: parameter {} is needed", text(&parameter["name"])));
            }
        }
    }

    fn schema(&mut self, name: &str, old: &Value, new: &Value, direction: Direction) {
        let (old, new) = (resolve(self.old, old).clone(), resolve(self.new, new).clone());
        let narrows = |wide: &Value, narrow: &Value| types(wide).difference(&types(narrow)).next().is_some();
        let (accepted, given) = match direction {
            Direction::Request => (&old, &new),
            Direction::Answer => (&new, &old),
        };
        if narrows(accepted, given) {
            self.found.insert(format!("{name} has another type"));
        }
        self.values(name, &old, &new, direction);
        if direction == Direction::Request {
            self.bounds(name, &old, &new);
        }
        for (field, schema) in object(&old["properties"]) {
            let called = format!("{name} field {field}");
            match new["properties"].get(field) {
                Some(other) => self.schema(&called, schema, other, direction),
                None => {
                    self.found.insert(format!("{called} is gone"));
                }
            }
        }
        let (needed, now_needed) = (required(&old), required(&new));
        match direction {
            Direction::Request => {
                for field in now_needed.difference(&needed) {
                    self.found.insert(format!("{name} field {field} is needed"));
                }
            }
            Direction::Answer => {
                for field in needed.difference(&now_needed).filter(|field| new["properties"].get(**field).is_some()) {
                    self.found.insert(format!("{name} field {field} may be missing"));
                }
            }
        }
        if let (Some(items), Some(others)) = (old.get("items"), new.get("items")) {
            self.schema(&format!("{name} item"), items, others, direction);
        }
    }

    /// The values that are listed.
    fn values(&mut self, name: &str, old: &Value, new: &Value, direction: Direction) {
        for word in
            array(&old["x-extensible-enum"]).filter(|word| !array(&new["x-extensible-enum"]).any(|new| new == *word))
        {
            self.found.insert(format!("{name} has no {word} any more"));
        }
        let (accepted, given, what) = match direction {
            Direction::Request => (new, old, "no longer takes"),
            Direction::Answer => (old, new, "may be"),
        };
        if let Some(listed) = accepted["enum"].as_array() {
            match given["enum"].as_array() {
                Some(values) => {
                    for value in values.iter().filter(|value| !listed.contains(value)) {
                        self.found.insert(format!("{name} {what} {value}"));
                    }
                }
                None => {
                    self.found.insert(format!("{name} {what} other values"));
                }
            }
        }
    }

    fn bounds(&mut self, name: &str, old: &Value, new: &Value) {
        for (bound, larger_is_wider) in BOUNDS {
            let narrower = match (old[bound].as_i64(), new[bound].as_i64()) {
                (Some(old), Some(new)) if larger_is_wider => new < old,
                (Some(old), Some(new)) => new > old,
                (None, Some(_)) => true,
                _ => false,
            };
            if narrower {
                self.found.insert(format!("{name} has the {bound} {}", new[bound]));
            }
        }
        for keyword in ["pattern", "format"] {
            if new.get(keyword).is_some() && old.get(keyword) != new.get(keyword) {
                self.found.insert(format!("{name} has the {keyword} {}", text(&new[keyword])));
            }
        }
    }
}

fn required(schema: &Value) -> BTreeSet<&str> {
    array(&schema["required"]).map(text).collect()
}

fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value.get("$ref").and_then(|reference| document.pointer(reference.as_str()?.strip_prefix('#')?));
    target.unwrap_or(value)
}

fn types(schema: &Value) -> BTreeSet<&str> {
    match &schema["type"] {
        Value::Array(types) => types.iter().map(text).collect(),
        other => other.as_str().into_iter().collect(),
    }
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Object::iter)
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        json!({
            "paths": {"/x": {"put": {
                "operationId": "putX",
                "security": [{"bearer": []}, {"key": []}],
                "parameters": [{"name": "Page", "in": "query", "schema": {"type": "integer", "maximum": 10}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/X"}}}},
                "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Y"}}}}},
            }}},
            "components": {"schemas": {
                "X": {
                    "type": "object", "required": ["A"],
                    "properties": {
                        "A": {"type": ["string", "null"], "maxLength": 5},
                        "B": {"type": "string", "enum": ["one", "two"]},
                    },
                },
                "Y": {
                    "type": "object", "required": ["C"],
                    "properties": {
                        "C": {"type": "string", "enum": ["one"]},
                        "D": {"type": "array", "items": {"x-extensible-enum": ["a"], "type": "string"}},
                    },
                },
            }},
        })
    }

    fn found(change: impl FnOnce(&mut Value)) -> Vec<String> {
        let mut new = document();
        change(&mut new);
        changes(&document(), &new).into_iter().collect()
    }

    #[test]
    fn what_only_adds_breaks_nobody() {
        let nothing = found(|new| {
            new["paths"]["/y"] = json!({"get": {}});
            new["paths"]["/x"]["put"]["parameters"][0]["schema"]["maximum"] = json!(20);
            let schemas = &mut new["components"]["schemas"];
            schemas["X"]["properties"]["E"] = json!({"type": "string"});
            schemas["X"]["properties"]["B"]["enum"] = json!(["one", "two", "three"]);
            schemas["X"]["required"] = json!([]);
            schemas["Y"]["properties"]["F"] = json!({"type": "string"});
            schemas["Y"]["properties"]["D"]["items"]["x-extensible-enum"] = json!(["a", "b"]);
        });
        assert_eq!(nothing, [""; 0]);
    }

    #[test]
    fn what_a_client_would_stumble_over_is_named() {
        assert_eq!(found(|new| new["paths"] = json!({})), ["PUT /x is gone"]);
        let changed = found(|new| {
            let operation = &mut new["paths"]["/x"]["put"];
            operation["operationId"] = json!("replaceX");
            operation["security"] = json!([{"bearer": []}]);
            operation["parameters"][0] =
                json!({"name": "Page", "in": "query", "required": true, "schema": {"type": "string"}});
            let schemas = &mut new["components"]["schemas"];
            schemas["X"]["properties"] = json!({"A": {"type": "string", "maxLength": 4}, "E": {"type": "string"}});
            schemas["X"]["required"] = json!(["A", "E"]);
            schemas["Y"]["required"] = json!([]);
            schemas["Y"]["properties"] = json!({
                "C": {"type": ["string", "null"], "enum": ["one", "two"]},
                "D": {"type": "array", "items": {"x-extensible-enum": [], "type": "string"}},
            });
        });
        assert_eq!(
            changed,
            [
                "PUT /x is no longer called putX",
                "PUT /x no longer takes the credential key",
                "PUT /x: answer field C has another type",
                "PUT /x: answer field C may be \"two\"",
                "PUT /x: answer field C may be missing",
                "PUT /x: answer field D item has no \"a\" any more",
                "PUT /x: parameter Page has another type",
                "PUT /x: parameter Page is needed",
                "PUT /x: request field A has another type",
                "PUT /x: request field A has the maxLength 4",
                "PUT /x: request field B is gone",
                "PUT /x: request field E is needed",
            ]
        );
    }
}
