//! Plain writes, each on a condition.

use aws_sdk_dynamodb::{
    operation::{delete_item::DeleteItemError, update_item::UpdateItemError},
    types::{ReturnValue, ReturnValuesOnConditionCheckFailure},
};

use super::{Error, Table, contest::Contest, item::Item, keys::Key, transaction::Terms};

impl Table {
    /// Changes an item that exists and keeps the terms' condition, and returns it as it is then; `None` where it doesn't.
    /// Tried again where a transaction holds the item. (An answer that was lost is asked for again by the SDK: the change
    /// must bear being made twice.)
    pub(super) async fn update(&self, key: Key, terms: &Terms) -> Result<Option<Item>, Error> {
        Ok(self.try_to_update(key, terms, terms.on_existing()).await?.ok())
    }

    /// The same on this condition alone. Where it fails, the item that it failed on.
    pub(super) async fn try_to_update(
        &self,
        key: Key,
        terms: &Terms,
        condition: String,
    ) -> Result<Result<Item, Option<Item>>, Error> {
        let mut contest = Contest::default();
        loop {
            let call = self.client.update_item().table_name(&*self.name).set_key(Some(key.clone().attributes()));
            let updated = call
                .update_expression(terms.expression())
                .condition_expression(&condition)
                .set_expression_attribute_names(terms.names())
                .set_expression_attribute_values(terms.values())
                .return_values(ReturnValue::AllNew)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .send()
                .await;
            match updated {
                Ok(answer) => return Ok(Ok(answer.attributes.unwrap_or_default())),
                Err(error) => match error.as_service_error() {
                    Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                        return Ok(Err(failed.item().cloned()));
                    }
                    Some(UpdateItemError::TransactionConflictException(_)) => {
                        contest.lost("a transaction conflict").await?;
                    }
                    _ => return Err(error.into()),
                },
            }
        }
    }

    /// Deletes an item where it exists and keeps the terms' condition. Tried again where a transaction holds the item.
    pub(super) async fn delete(&self, key: Key, terms: &Terms) -> Result<(), Error> {
        let mut contest = Contest::default();
        loop {
            let call = self.client.delete_item().table_name(&*self.name).set_key(Some(key.clone().attributes()));
            let deleted = call
                .condition_expression(terms.on_existing())
                .set_expression_attribute_names(terms.names())
                .set_expression_attribute_values(terms.values())
                .send()
                .await;
            match deleted {
                Ok(_) => return Ok(()),
                Err(error) => match error.as_service_error() {
                    Some(DeleteItemError::ConditionalCheckFailedException(_)) => return Ok(()),
                    Some(DeleteItemError::TransactionConflictException(_)) => {
                        contest.lost("a transaction conflict").await?;
                    }
                    _ => return Err(error.into()),
                },
            }
        }
    }
}
