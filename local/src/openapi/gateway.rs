//! What the gateway in front of the functions answers by itself.

use serde_json::{Value, json};
use utoipa::ToSchema;

use super::pointers::operations;

/// What the gateway in front of the functions answers by itself.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is read by the derive alone")]
pub(super) struct GatewayMessage {
    /// What is wrong, in a few words.
    message: String,
}

/// The statuses that the gateway answers by itself to any call, with what they mean.
const TO_ANY_CALL: [(&str, &str); 2] = [
    ("429", "The gateway takes no more calls for now; `Retry-After` may say when to try again."),
    ("503", "The gateway can't reach the service; try again."),
];

/// The status that it answers to a body longer than it passes on.
const TO_A_LONG_BODY: &str = "413";

/// Adds the gateway's own answers to each operation.
pub(super) fn add_answers(document: &mut Value) {
    let message = json!({"schema": {"$ref": format!("#/components/schemas/{}", GatewayMessage::name())}});
    for operation in operations(document) {
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { continue };
        for (status, description) in TO_ANY_CALL {
            let response = responses.entry(status).or_insert_with(|| json!({"description": description}));
            response["content"]["application/json"] = message.clone();
        }
        if let Some(response) = responses.get_mut(TO_A_LONG_BODY) {
            response["content"]["application/json"] = message.clone();
        }
    }
}
