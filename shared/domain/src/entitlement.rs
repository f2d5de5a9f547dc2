//! What a plan allows, as answers and tokens show it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{AnyOfBuilder, ObjectBuilder, Type},
    },
};

/// What an entitlement allows: a number, whether something is allowed at all, or a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EntitlementValue {
    /// Whether it is allowed.
    Flag(bool),
    /// How many are allowed.
    Number(u32),
    /// How it is allowed.
    Text(Cow<'static, str>),
}

/// Generators of clients stumble over `oneOf`, which the derive would write.
impl PartialSchema for EntitlementValue {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(u32::MAX));
        let schema = AnyOfBuilder::new()
            .description(Some("How many are allowed, whether something is allowed at all, or how."))
            .item(ObjectBuilder::new().schema_type(Type::Boolean))
            .item(number)
            .item(ObjectBuilder::new().schema_type(Type::String));
        schema.into()
    }
}

impl ToSchema for EntitlementValue {}
