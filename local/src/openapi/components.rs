//! Parameters and answers that several operations share, written once; and nothing that nobody refers to.

use serde_json::{Map, Value, json};

use super::pointers::{operations, schemas, schemas_of};

type Object = Map<String, Value>;

/// What each failure is called; its answers that only the gateway gives are called by this and `Gateway` before it.
const FAILURES: [(&str, &str); 12] = [
    ("304", "NotModified"),
    ("400", "BadRequest"),
    ("401", "Unauthorized"),
    ("403", "Forbidden"),
    ("404", "NotFound"),
    ("412", "PreconditionFailed"),
    ("413", "PayloadTooLarge"),
    ("415", "UnsupportedMediaType"),
    ("422", "IdempotencyKeyReused"),
    ("429", "TooManyRequests"),
    ("500", "InternalError"),
    ("503", "ServiceUnavailable"),
];

/// Moves each parameter and each failure that is there more than once to the components.
pub(super) fn share(document: &mut Value) {
    let (mut parameters, mut responses) = (Vec::new(), Vec::new());
    for operation in operations(document) {
        parameters.extend(parameters_of(operation).map(|parameter| parameter.clone()));
        responses.extend(failures_of(operation).map(|(name, response)| (name, response.clone())));
    }
    let parameters: Vec<_> = parameters.into_iter().map(|parameter| (parameter_name(&parameter), parameter)).collect();
    let (parameters, responses) = (shared(&parameters), shared(&responses));
    for operation in operations(document) {
        for parameter in parameters_of(operation) {
            refer(parameter, "parameters", &parameters);
        }
        for (_, response) in failures_of(operation) {
            refer(response, "responses", &responses);
        }
    }
    document["components"]["parameters"] = Value::Object(parameters);
    document["components"]["responses"] = Value::Object(responses);
    prune(document);
}

/// Removes the schemas that no operation refers to, such as the parts that another one was put together of.
fn prune(document: &mut Value) {
    let components = &document["components"];
    let parts = vec![document["paths"].clone(), components["parameters"].clone(), components["responses"].clone()];
    let used = schemas_of(document, parts);
    if let Some(schemas) = schemas(document) {
        schemas.retain(|name, _| used.contains(name));
    }
}

fn parameters_of(operation: &mut Object) -> impl Iterator<Item = &mut Value> {
    operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten()
}

fn failures_of(operation: &mut Object) -> impl Iterator<Item = (String, &mut Value)> {
    let responses = operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten();
    responses.filter_map(|(status, response)| {
        let (_, name) = FAILURES.iter().find(|(failure, _)| status == failure)?;
        let by_the_gateway_alone = response.pointer("/content/application~1json").is_some()
            && response.pointer("/content/application~1problem+json").is_none();
        Some((if by_the_gateway_alone { format!("Gateway{name}") } else { (*name).to_owned() }, response))
    })
}

/// `IdempotencyKey`, `CustomerNumberInPath`.
fn parameter_name(parameter: &Value) -> String {
    let name: String = parameter["name"].as_str().unwrap_or_default().split('-').collect();
    match parameter["in"].as_str() {
        Some("path") => format!("{name}InPath"),
        _ => name,
    }
}

/// What is there more than once, by its name; where one name is that of several, by a number after it too.
fn shared(named: &[(String, Value)]) -> Object {
    let mut shared = Object::new();
    for (name, value) in named {
        let is_shared = named.iter().filter(|(_, other)| other == value).count() > 1;
        if is_shared && !shared.values().any(|known| known == value) {
            let taken = shared.keys().filter(|known| known.trim_end_matches(char::is_numeric) == name).count();
            let name = if taken == 0 { name.clone() } else { format!("{name}{}", taken + 1) };
            shared.insert(name, value.clone());
        }
    }
    shared
}

fn refer(value: &mut Value, kind: &str, components: &Object) {
    if let Some((name, _)) = components.iter().find(|(_, component)| *component == value) {
        *value = json!({"$ref": format!("#/components/{kind}/{name}")});
    }
}
