//! Schemas as strict as the server is.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use shared::problem::{FieldCode, ProblemCode};
use utoipa::ToSchema;

use super::{
    nullable::not_null,
    pointers::{operations, referenced, schemas, schemas_of},
};

type Object = Map<String, Value>;

/// A text of one line, which may be empty.
const LINE: &str = r"^[^\x00-\x1f\x7f-\x9f]*$";

/// A text of one line in which something shows.
const VISIBLE_LINE: &str = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\xa0][^\x00-\x1f\x7f-\x9f]*$";

/// Says what the handlers' annotations can't.
pub(super) fn tighten(document: &mut Value) {
    let parts = operations(document).flat_map(|operation| {
        ["requestBody", "parameters"].map(|part| operation.get(part).cloned().unwrap_or_default())
    });
    // A form is OAuth's, whose other parameters are ignored (RFC 6749, section 3.2).
    let parts = parts.filter(|part| part.pointer("/content/application~1x-www-form-urlencoded").is_none()).collect();
    let requests = schemas_of(document, parts);
    let Some(schemas) = schemas(document) else { return };
    for name in [ProblemCode::name(), FieldCode::name()] {
        leave_open(schemas, &name);
    }
    flatten(schemas);
    for (name, schema) in schemas.iter_mut() {
        restrict_text(schema);
        // An event is Stripe's, who adds fields without notice.
        if requests.contains(name) && name != "StripeEvent" && schema.get("properties").is_some() {
            // A field that the request doesn't have is refused.
            schema["additionalProperties"] = json!(false);
        }
    }
    for (name, rules) in combinations() {
        if let Some(schema) = schemas.get_mut(name).and_then(Value::as_object_mut) {
            schema.extend(rules.as_object().cloned().unwrap_or_default());
            for (_, property) in schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
                not_null(property);
            }
        }
    }
}

/// Which fields belong together, where not every one is needed.
fn combinations() -> [(&'static str, Value); 3] {
    [
        // Email and Password, with or without OrgCode; or OrgCode, ClientId and ClientSecret.
        (
            "SignIn",
            json!({
                "minProperties": 2,
                "maxProperties": 3,
                "dependentRequired": {
                    "Email": ["Password"],
                    "Password": ["Email"],
                    "ClientId": ["OrgCode", "ClientSecret"],
                    "ClientSecret": ["OrgCode", "ClientId"],
                },
            }),
        ),
        ("ExchangeToken", json!({"minProperties": 1, "dependentRequired": {"UserId": ["OrgCode"]}})),
        // UserId or Email.
        ("AssociateCustomer", json!({"minProperties": 2})),
    ]
}

/// Turns an enumeration into a text, and lists its values as the ones that there are by now: a client that is generated
/// today must read an answer with a code of tomorrow.
fn leave_open(schemas: &mut Object, name: &str) {
    if let Some(schema) = schemas.get_mut(name).and_then(Value::as_object_mut)
        && let Some(values) = schema.remove("enum")
    {
        schema.insert("x-extensible-enum".to_owned(), values);
    }
}

/// Puts objects that are written as a sum of objects together.
fn flatten(schemas: &mut Object) {
    let all = schemas.clone();
    for schema in schemas.values_mut() {
        let Some(parts) = schema.get("allOf").and_then(Value::as_array) else { continue };
        let (mut properties, mut required) = (Object::new(), BTreeSet::new());
        for part in parts {
            let part = referenced(part).and_then(|name| all.get(name)).unwrap_or(part);
            properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
            let names = part.get("required").and_then(Value::as_array).into_iter().flatten();
            required.extend(names.filter_map(Value::as_str).map(str::to_owned));
        }
        let description = schema.get("description").cloned();
        *schema = json!({"type": "object", "properties": properties, "required": required});
        if let Some(description) = description {
            schema["description"] = description;
        }
    }
}

/// Adds that a text is one line, where it has a length and no other form.
fn restrict_text(schema: &mut Value) {
    let is_open = ["pattern", "format", "enum"].iter().all(|keyword| schema.get(keyword).is_none());
    if schema["type"] == "string" && is_open && schema.get("maxLength").is_some() {
        let may_be_empty = schema["minLength"].as_u64().is_none_or(|length| length == 0);
        schema["pattern"] = json!(if may_be_empty { LINE } else { VISIBLE_LINE });
    }
}
