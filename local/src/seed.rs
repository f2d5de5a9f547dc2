//! Data for benchmarks: associations in bulk, straight into the engine.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use dynoxide::{Database, ImportOptions, types};
use shared::{
    field_error::FieldError,
    ids::{OrganizationCode, OrganizationId, UserId},
    table::{AssociationRecord, bulk_association_items},
    text::CustomerNumber,
};

use crate::engine::EngineError;

/// Items in one batch to the engine.
const BATCH: usize = 20_000;

/// So many associations of users who don't exist with customers numbered `C-0000000` on, three users to a customer.
///
/// # Errors
/// What is wrong with a number: never.
pub fn made_up_associations(count: u64) -> Result<Vec<AssociationRecord>, FieldError> {
    let association = |number: u64| {
        let customer_number = CustomerNumber::parse(format!("C-{:07}", number / 3))?;
        Ok(AssociationRecord { user_id: UserId::random(), customer_number })
    };
    (0..count).map(association).collect()
}

/// Puts associations into an organization that has none, at the engine's own speed and past its stream; `progress` is
/// told of each item.
pub(crate) fn seed(
    database: &Database,
    table: &str,
    organization: &OrganizationId,
    code: &OrganizationCode,
    associations: Vec<AssociationRecord>,
    progress: impl Fn(u64),
) -> Result<(), EngineError> {
    let mut batch = Vec::with_capacity(BATCH);
    let mut items = bulk_association_items(organization, code, associations).peekable();
    while let Some(item) = items.next() {
        batch.push(engine_item(item.map_err(EngineError::of)?));
        if batch.len() == BATCH || items.peek().is_none() {
            let imported = database.import_items(table, std::mem::take(&mut batch), ImportOptions::default());
            progress(u64::try_from(imported.map_err(EngineError::of)?.items_imported).unwrap_or_default());
        }
    }
    Ok(())
}

/// An item as the engine has it. Associations hold texts and numbers alone.
fn engine_item(item: HashMap<String, AttributeValue>) -> HashMap<String, types::AttributeValue> {
    let attribute = |value| match value {
        AttributeValue::S(text) => types::AttributeValue::S(text),
        AttributeValue::N(number) => types::AttributeValue::N(number),
        _ => types::AttributeValue::NULL(true),
    };
    item.into_iter().map(|(name, value)| (name, attribute(value))).collect()
}
