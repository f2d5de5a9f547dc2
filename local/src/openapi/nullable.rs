//! Null only where a request may hold it, or an answer does: as one more type of a value, never as a schema of its own,
//! which generated clients make nothing of.

use serde_json::{Map, Value, json};

use super::pointers::{operations, referenced, responses, schemas, schemas_of, visit};

type Object = Map<String, Value>;

/// Takes null away from each property that an answer leaves out, and makes what is left a value that may be null.
pub(super) fn narrow(document: &mut Value) {
    let answers = operations(document).flat_map(responses).map(|(_, response)| response.clone()).collect();
    let answered = schemas_of(document, answers);
    let Some(schemas) = schemas(document) else { return };
    for name in &answered {
        if let Some(schema) = schemas.get_mut(name).and_then(Value::as_object_mut) {
            leave_out(schema);
        }
    }
    let all = schemas.clone();
    for schema in schemas.values_mut() {
        visit(schema, &mut |object| inline(object, &all));
    }
}

/// Takes null away from the properties that aren't required: in their place, the answer has nothing.
fn leave_out(schema: &mut Object) {
    let required = schema.get("required").cloned().unwrap_or_default();
    let required: Vec<_> = required.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten();
    for (_, property) in properties.filter(|(name, _)| !required.contains(&name.as_str())) {
        not_null(property);
    }
}

/// Takes null away from a schema.
pub(super) fn not_null(schema: &mut Value) {
    if let Some([other, null]) = schema.get("oneOf").and_then(Value::as_array).map(Vec::as_slice)
        && *null == json!({"type": "null"})
    {
        let other = other.clone();
        if let Some(schema) = schema.as_object_mut() {
            schema.remove("oneOf");
            schema.extend(other.as_object().cloned().unwrap_or_default());
        }
    } else if let Some(Value::Array(types)) = schema.get("type")
        && let Some(other) = types.iter().find(|kind| *kind != "null").cloned()
    {
        schema["type"] = other;
    }
}

/// Puts a value that is referred to, and may be null, in the place of the two schemas.
fn inline(object: &mut Object, schemas: &Object) {
    let Some([other, null]) = object.get("oneOf").and_then(Value::as_array).map(Vec::as_slice) else { return };
    if *null != json!({"type": "null"}) {
        return;
    }
    let Some(target) = referenced(other).and_then(|name| schemas.get(name)).and_then(Value::as_object) else { return };
    let mut value = target.clone();
    value.insert("type".to_owned(), json!([target["type"], "null"]));
    if let Some(Value::Array(values)) = value.get_mut("enum") {
        values.push(Value::Null);
    }
    value.extend(other.as_object().into_iter().flatten().filter(|(name, _)| *name != "$ref").map(owned));
    value.extend(object.iter().filter(|(name, _)| *name != "oneOf").map(owned));
    *object = value;
}

fn owned((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}
