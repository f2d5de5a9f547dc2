//! What is true of every operation.

use serde_json::{Value, json};

use super::{nullable::not_null, pointers::operations};

/// Names each operation as a client's method, and says that it is public where it names no credential.
pub(super) fn complete(document: &mut Value) {
    for operation in operations(document) {
        if let Some(Value::String(name)) = operation.get_mut("operationId") {
            *name = camel_case(name);
        }
        operation.entry("security").or_insert_with(|| json!([]));
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            not_null(&mut parameter["schema"]);
            merge_default(&mut parameter["schema"]);
            if parameter["name"] == "Filters" {
                filters_as_texts(&mut parameter["schema"]);
            }
        }
        // A body that may stand in the query instead is no null.
        if let Some(content) = operation.get_mut("requestBody").and_then(|body| body.get_mut("content")) {
            // Generated clients send a file as bytes.
            if let Some(csv) = content.get_mut("text/csv") {
                csv["schema"]["format"] = json!("binary");
            }
            for media_type in content.as_object_mut().into_iter().flat_map(|content| content.values_mut()) {
                let alternatives = media_type["schema"].get("oneOf").and_then(Value::as_array).cloned();
                if let Some([schema, _]) = alternatives.as_deref() {
                    media_type["schema"] = schema.clone();
                }
            }
        }
    }
}

/// Makes each filter a text of JSON. As a parameter of JSON, which says the same, generated clients leave the filters
/// out or spell them wrongly.
fn filters_as_texts(schema: &mut Value) {
    let filter = schema["items"].take();
    schema["items"] = json!({"type": "string", "contentMediaType": "application/json", "contentSchema": filter});
    schema["maxItems"] = json!(20);
}

/// Puts a schema and the default that is written beside it together.
fn merge_default(schema: &mut Value) {
    if let Some([values, default]) = schema.get("allOf").and_then(Value::as_array).map(Vec::as_slice)
        && let Some(default) = default.get("default")
    {
        let mut merged = values.clone();
        merged["default"] = default.clone();
        *schema = merged;
    }
}

/// `create_organization` → `createOrganization`.
fn camel_case(snake_case: &str) -> String {
    let mut words = snake_case.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (initial, rest) = word.split_at_checked(1).unwrap_or_default();
        name + &initial.to_ascii_uppercase() + rest
    })
}

#[cfg(test)]
mod tests {
    use super::camel_case;

    #[test]
    fn a_handlers_name_becomes_a_methods() {
        assert_eq!(camel_case("get_customer_by_query"), "getCustomerByQuery");
        assert_eq!(camel_case("sign_in"), "signIn");
    }
}
