//! Plain writes, each on a condition.

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

/// What came of an update.
#[derive(Clone, Debug, PartialEq)]
pub enum Updated {
    /// It was made: the item as it is then.
    Done(Item),
    /// The condition failed, on this item where there is one.
    Refused(Option<Item>),
}

impl Table {
    /// Changes an item that exists and keeps the expression's condition, and returns it as it is then; `None` where it doesn't.
    /// Tried again where a transaction holds the item. (An answer that was lost is asked for again by the SDK: the change
    /// must bear being made twice.)
    ///
    /// # Errors
    /// The table is out of reach.
    pub async fn update(&self, key: Key, expression: &Expression) -> Result<Option<Item>, Error> {
        match self.try_to_update(key, expression, expression.condition_on_existing()).await? {
            Updated::Done(item) => Ok(Some(item)),
            Updated::Refused(_) => Ok(None),
        }
    }

    /// The same on this condition alone, for an item that need not exist.
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

    /// Puts an item where there is none at its key; false where there is one, which stays as it is.
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

    /// Deletes an item where it exists and keeps the expression's condition. Tried again where a transaction holds the item.
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
