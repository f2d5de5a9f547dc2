//! Where things are in the document.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

type Object = Map<String, Value>;

/// What methods a path can have.
const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// Where a reference to a schema leads.
const SCHEMAS: &str = "#/components/schemas/";

/// Every operation.
pub(super) fn operations(document: &mut Value) -> impl Iterator<Item = &mut Object> {
    let paths = document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    let methods = paths.filter_map(Value::as_object_mut).flat_map(|path| path.iter_mut());
    methods
        .filter(|(method, _)| METHODS.contains(&method.as_str()))
        .filter_map(|(_, operation)| operation.as_object_mut())
}

/// Every answer of an operation, by its status.
pub(super) fn responses(operation: &mut Object) -> impl Iterator<Item = (&String, &mut Value)> {
    operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flat_map(Map::iter_mut)
}

/// The component schemas.
pub(super) fn schemas(document: &mut Value) -> Option<&mut Object> {
    document.pointer_mut("/components/schemas")?.as_object_mut()
}

/// The name of the schema that a reference is to.
pub(super) fn referenced(value: &Value) -> Option<&str> {
    value.get("$ref")?.as_str()?.strip_prefix(SCHEMAS)
}

/// Calls `visit` with each JSON object in `value`, the innermost first.
pub(super) fn visit(value: &mut Value, visit_object: &mut impl FnMut(&mut Object)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, visit_object)),
        Value::Object(object) => {
            object.values_mut().for_each(|value| visit(value, visit_object));
            visit_object(object);
        }
        _ => {}
    }
}

/// The names of the schemas that parts of the document are made of.
pub(super) fn schemas_of(document: &Value, parts: Vec<Value>) -> BTreeSet<String> {
    let (mut found, mut waiting) = (BTreeSet::new(), parts);
    while let Some(mut part) = waiting.pop() {
        visit(&mut part, &mut |object| {
            if let Some(name) = object.get("$ref").and_then(|path| path.as_str()?.strip_prefix(SCHEMAS))
                && found.insert(name.to_owned())
            {
                waiting.push(document["components"]["schemas"][name].clone());
            }
        });
    }
    found
}
