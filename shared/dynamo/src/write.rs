//! Conditional writes of single items.

use aws_sdk_dynamodb::{
    operation::{delete_item::DeleteItemError, put_item::PutItemError, update_item::UpdateItemError},
    types::{ReturnValue, ReturnValuesOnConditionCheckFailure},
};

use serde::Serialize;

use crate::{
    Error, Key, Table,
    backoff::Backoff,
    expression::Expression,
    item::{Item, to_item},
};

/// The outcome of an update.
#[derive(Clone, Debug, PartialEq)]
pub enum Updated {
    /// The item after the update.
    Done(Item),
    /// The condition failed: the item it was checked on, if there is one.
    Refused(Option<Item>),
}

impl Table {
    /// Updates an item that exists and meets the expression's condition, and returns the new item. Returns `None`
    /// otherwise. Retries while a transaction holds the item. The SDK also retries after a lost answer, so the update
    /// must be safe to apply twice.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn update(&self, key: Key, expression: &Expression) -> Result<Option<Item>, Error> {
        match self.try_to_update(key, expression, expression.condition_on_existing()).await? {
            Updated::Done(item) => Ok(Some(item)),
            Updated::Refused(_) => Ok(None),
        }
    }

    /// Updates an item on the expression's condition alone. The item may not exist yet.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn try_to_update(&self, key: Key, expression: &Expression, condition: String) -> Result<Updated, Error> {
        let mut backoff = Backoff::default();
        loop {
            let call = self.client.update_item().table_name(&*self.name).set_key(Some(key.clone().attributes()));
            let updated = call
                .update_expression(expression.update_expression())
                .condition_expression(&condition)
                .set_expression_attribute_names(expression.names())
                .set_expression_attribute_values(expression.values())
                .return_values(ReturnValue::AllNew)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .send()
                .await;
            match updated {
                Ok(answer) => return Ok(Updated::Done(answer.attributes.unwrap_or_default())),
                Err(error) => match error.as_service_error() {
                    Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                        return Ok(Updated::Refused(failed.item().cloned()));
                    }
                    Some(UpdateItemError::TransactionConflictException(_)) => {
                        backoff.wait_or_give_up("a transaction conflict").await?;
                    }
                    _ => return Err(error.into()),
                },
            }
        }
    }

    /// Puts an item if there is none at its key. Returns false if there is one, which stays as it is.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn put_new(&self, key: Key, entity: &str, record: &impl Serialize) -> Result<bool, Error> {
        let item = to_item(key, entity, record)?;
        let call = self.client.put_item().table_name(&*self.name).set_item(Some(item));
        match call.condition_expression("attribute_not_exists(pk)").send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(error.into()),
            },
        }
    }

    /// Deletes an item if it exists and meets the expression's condition. Retries while a transaction holds the item.
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn delete(&self, key: Key, expression: &Expression) -> Result<(), Error> {
        let mut backoff = Backoff::default();
        loop {
            let call = self.client.delete_item().table_name(&*self.name).set_key(Some(key.clone().attributes()));
            let deleted = call
                .condition_expression(expression.condition_on_existing())
                .set_expression_attribute_names(expression.names())
                .set_expression_attribute_values(expression.values())
                .send()
                .await;
            match deleted {
                Ok(_) => return Ok(()),
                Err(error) => match error.as_service_error() {
                    Some(DeleteItemError::ConditionalCheckFailedException(_)) => return Ok(()),
                    Some(DeleteItemError::TransactionConflictException(_)) => {
                        backoff.wait_or_give_up("a transaction conflict").await?;
                    }
                    _ => return Err(error.into()),
                },
            }
        }
    }
}
