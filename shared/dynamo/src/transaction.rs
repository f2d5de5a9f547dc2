use aws_sdk_dynamodb::{
    error::BuildError,
    types::{ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update},
};
use serde::Serialize;

use crate::{
    Error, Key, Table,
    expression::Expression,
    item::{Item, to_item},
};

/// A `TransactWriteItems` request: actions, each with the refusal to report if its condition fails.
///
/// Refusals are reported in the order in which the actions were added, so the one that decides the answer is added
/// first.
pub struct Transaction<'t, R> {
    pub(crate) table: &'t Table,
    pub(crate) actions: Vec<TransactWriteItem>,
    pub(crate) refusals: Vec<R>,
    pub(crate) defect: Option<Error>,
    /// Whether the caller of the current request asked for the change.
    pub(crate) asked_for: bool,
}

/// The reason why a transaction wrote nothing.
pub enum Refused<R> {
    /// These conditions failed, each with the item it was checked on.
    Conditions(Vec<(R, Option<Item>)>),
    /// The table could not answer.
    Failed(Error),
}

impl<R> From<Error> for Refused<R> {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl<'t, R> Transaction<'t, R> {
    /// An empty transaction.
    #[must_use]
    pub fn new(table: &'t Table) -> Self {
        Self { table, actions: Vec::new(), refusals: Vec::new(), defect: None, asked_for: true }
    }

    /// Marks the transaction as one that no caller asked for, such as the split of a bucket: whether it was made
    /// changes no answer.
    #[must_use]
    pub fn unasked(self) -> Self {
        Self { asked_for: false, ..self }
    }

    /// Notes that an action could not be built, which the commit reports.
    #[must_use]
    pub fn with_defect(self, error: Error) -> Self {
        Self { defect: self.defect.or(Some(error)), ..self }
    }

    /// Adds an action. One that can't be built is a defect, which the commit reports.
    fn add(mut self, action: Result<TransactWriteItem, Error>, refusal: R) -> Self {
        match action {
            Ok(action) => {
                self.actions.push(action);
                self.refusals.push(refusal);
            }
            Err(error) => self.defect = self.defect.or(Some(error)),
        }
        self
    }

    /// Puts an item that must not exist yet.
    #[must_use]
    pub fn put_new(self, key: Key, entity: &str, record: &impl Serialize, refusal: R) -> Self {
        let unless_there = Expression::condition("attribute_not_exists(pk)");
        let put = to_item(key, entity, record).and_then(|item| self.put(item, None, &unless_there));
        self.add(put, refusal)
    }

    /// Puts an item that must not exist yet and is already serialized.
    #[must_use]
    pub fn put_new_item(self, item: Item, refusal: R) -> Self {
        let put = self.put(item, None, &Expression::condition("attribute_not_exists(pk)"));
        self.add(put, refusal)
    }

    /// Puts an item on the expression's condition alone.
    #[must_use]
    pub fn put_on(self, key: Key, entity: &str, record: &impl Serialize, expression: &Expression, refusal: R) -> Self {
        let put = to_item(key, entity, record).and_then(|item| self.put(item, None, expression));
        self.add(put, refusal)
    }

    /// Replaces an item that exists and meets the expression's condition by one that is already serialized.
    #[must_use]
    pub fn replace_item(self, item: Item, expression: &Expression, refusal: R) -> Self {
        let put = self.put(item, Some(expression.condition_on_existing()), expression);
        self.add(put, refusal)
    }

    fn put(&self, item: Item, condition: Option<String>, expression: &Expression) -> Result<TransactWriteItem, Error> {
        let put = Put::builder()
            .table_name(&*self.table.name)
            .set_item(Some(item))
            .condition_expression(condition.unwrap_or_else(|| expression.condition_alone().to_owned()))
            .set_expression_attribute_names(expression.names())
            .set_expression_attribute_values(expression.values())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        Ok(TransactWriteItem::builder().put(put.map_err(defect)?).build())
    }

    /// Checks that an item exists.
    #[must_use]
    pub fn check_exists(self, key: Key, refusal: R) -> Self {
        self.check(key, &Expression::default(), refusal)
    }

    /// Checks that an item exists and meets the expression's condition.
    #[must_use]
    pub fn check(self, key: Key, expression: &Expression, refusal: R) -> Self {
        let condition = expression.condition_on_existing();
        self.check_on(key, expression, condition, refusal)
    }

    /// Checks the expression's condition on an item that may not exist.
    #[must_use]
    pub fn check_any(self, key: Key, expression: &Expression, refusal: R) -> Self {
        self.check_on(key, expression, expression.condition_alone().to_owned(), refusal)
    }

    fn check_on(self, key: Key, expression: &Expression, condition: String, refusal: R) -> Self {
        let check = ConditionCheck::builder()
            .table_name(&*self.table.name)
            .set_key(Some(key.attributes()))
            .condition_expression(condition)
            .set_expression_attribute_names(expression.names())
            .set_expression_attribute_values(expression.values())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        let check = check.map(|check| TransactWriteItem::builder().condition_check(check).build());
        self.add(check.map_err(defect), refusal)
    }

    /// Updates an item, which must exist.
    #[must_use]
    pub fn update(self, key: Key, expression: &Expression, refusal: R) -> Self {
        self.update_on(key, expression, expression.condition_on_existing(), refusal)
    }

    /// Updates an item, which may not exist, on the expression's condition alone.
    #[must_use]
    pub fn update_or_create(self, key: Key, expression: &Expression, refusal: R) -> Self {
        self.update_on(key, expression, expression.condition_alone().to_owned(), refusal)
    }

    fn update_on(self, key: Key, expression: &Expression, condition: String, refusal: R) -> Self {
        let update = Update::builder()
            .table_name(&*self.table.name)
            .set_key(Some(key.attributes()))
            .update_expression(expression.update_expression())
            .condition_expression(condition)
            .set_expression_attribute_names(expression.names())
            .set_expression_attribute_values(expression.values())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        let update = update.map(|update| TransactWriteItem::builder().update(update).build());
        self.add(update.map_err(defect), refusal)
    }

    /// Deletes an item, which must exist and meet the expression's condition.
    #[must_use]
    pub fn delete(self, key: Key, expression: &Expression, refusal: R) -> Self {
        let condition = expression.condition_on_existing();
        self.delete_on(key, expression, Some(condition), refusal)
    }

    /// Deletes an item, if there is one. Nothing can make this refuse.
    #[must_use]
    pub fn delete_any(self, key: Key, refusal: R) -> Self {
        self.delete_on(key, &Expression::default(), None, refusal)
    }

    fn delete_on(self, key: Key, expression: &Expression, condition: Option<String>, refusal: R) -> Self {
        let delete = Delete::builder()
            .table_name(&*self.table.name)
            .set_key(Some(key.attributes()))
            .set_condition_expression(condition)
            .set_expression_attribute_names(expression.names())
            .set_expression_attribute_values(expression.values())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        let delete = delete.map(|delete| TransactWriteItem::builder().delete(delete).build());
        self.add(delete.map_err(defect), refusal)
    }
}

/// A request that can't be built is a defect.
pub(crate) fn defect(error: BuildError) -> Error {
    Error::Internal(error.into())
}
