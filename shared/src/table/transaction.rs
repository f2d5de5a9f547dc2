use std::collections::HashMap;

use aws_sdk_dynamodb::{
    error::BuildError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        AttributeValue, CancellationReason, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure,
        TransactWriteItem, Update, builders::PutBuilder,
    },
};
use serde::Serialize;

use super::{
    Error, Table,
    contest::Contest,
    item::{Item, to_item},
    keys::Key,
};
use crate::ids;

/// A `TransactWriteItems`: each action with the refusal that its condition stands for.
///
/// Refusals are reported in the order in which the actions were added: whose answer wins is added first.
pub(super) struct Transaction<'t, R> {
    table: &'t Table,
    actions: Vec<TransactWriteItem>,
    refusals: Vec<R>,
}

/// Why a transaction did nothing.
pub(super) enum Refused<R> {
    /// These conditions failed; each with the item that it was tested on.
    Conditions(Vec<(R, Option<Item>)>),
    /// The table could not answer.
    Failed(Error),
}

impl From<Refused<Self>> for Error {
    fn from(refused: Refused<Self>) -> Self {
        match refused {
            Refused::Conditions(failed) => match failed.into_iter().next() {
                Some((refusal, _)) => refusal,
                None => Self::Internal("a transaction was cancelled without a reason".into()),
            },
            Refused::Failed(error) => error,
        }
    }
}

impl<R> From<Error> for Refused<R> {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What an action changes, and on which condition besides that its item exists (or doesn't), with what the placeholders of
/// both stand for.
#[derive(Default)]
pub(super) struct Terms {
    change: String,
    condition: Option<&'static str>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Terms {
    /// A change, as an update expression.
    pub(super) fn change(expression: impl Into<String>) -> Self {
        Self::default().changing(expression)
    }

    pub(super) fn changing(mut self, expression: impl Into<String>) -> Self {
        self.change = expression.into();
        self
    }

    /// No change, on a condition.
    pub(super) fn condition(condition: &'static str) -> Self {
        Self::default().when(condition)
    }

    pub(super) fn when(mut self, condition: &'static str) -> Self {
        self.condition = Some(condition);
        self
    }

    pub(super) fn name(mut self, placeholder: impl Into<String>, name: impl Into<String>) -> Self {
        self.names.insert(placeholder.into(), name.into());
        self
    }

    pub(super) fn value(mut self, placeholder: impl Into<String>, value: AttributeValue) -> Self {
        self.values.insert(placeholder.into(), value);
        self
    }

    pub(super) fn expression(&self) -> &str {
        &self.change
    }

    /// The condition alone, for a change that may create its item.
    pub(super) fn on_any(&self) -> &'static str {
        self.condition.unwrap_or_default()
    }

    pub(super) fn on_existing(&self) -> String {
        match self.condition {
            Some(condition) => format!("attribute_exists(pk) AND ({condition})"),
            None => "attribute_exists(pk)".to_owned(),
        }
    }

    pub(super) fn names(&self) -> Option<HashMap<String, String>> {
        Some(self.names.clone()).filter(|names| !names.is_empty())
    }

    pub(super) fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        Some(self.values.clone()).filter(|values| !values.is_empty())
    }
}

/// The text as an attribute.
pub(super) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// The truth value as an attribute.
pub(super) fn truth(truth: bool) -> AttributeValue {
    AttributeValue::Bool(truth)
}

/// The number as an attribute.
pub(super) fn number(number: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}

impl<'t, R> Transaction<'t, R> {
    pub(super) fn new(table: &'t Table) -> Self {
        Self { table, actions: Vec::new(), refusals: Vec::new() }
    }

    fn add(mut self, action: TransactWriteItem, refusal: R) -> Self {
        self.actions.push(action);
        self.refusals.push(refusal);
        self
    }

    /// Puts an item that must not exist yet.
    pub(super) fn put_new(self, key: Key, entity: &str, record: &impl Serialize, refusal: R) -> Result<Self, Error> {
        self.put_new_item(to_item(key, entity, record)?, refusal)
    }

    /// Puts an item that must not exist yet, made before.
    pub(super) fn put_new_item(self, item: Item, refusal: R) -> Result<Self, Error> {
        let put = self.put(item).condition_expression("attribute_not_exists(pk)").build();
        Ok(self.add(TransactWriteItem::builder().put(put.map_err(defect)?).build(), refusal))
    }

    /// Puts an item on the terms' condition alone.
    pub(super) fn put_on(
        self,
        key: Key,
        entity: &str,
        record: &impl Serialize,
        terms: &Terms,
        refusal: R,
    ) -> Result<Self, Error> {
        self.put_where(to_item(key, entity, record)?, terms.on_any().to_owned(), terms, refusal)
    }

    /// Puts an item in the place of one that exists and keeps the terms' condition.
    pub(super) fn replace(
        self,
        key: Key,
        entity: &str,
        record: &impl Serialize,
        terms: &Terms,
        refusal: R,
    ) -> Result<Self, Error> {
        self.put_where(to_item(key, entity, record)?, terms.on_existing(), terms, refusal)
    }

    fn put_where(self, item: Item, condition: String, terms: &Terms, refusal: R) -> Result<Self, Error> {
        let put = self
            .put(item)
            .condition_expression(condition)
            .set_expression_attribute_names(terms.names())
            .set_expression_attribute_values(terms.values())
            .build();
        Ok(self.add(TransactWriteItem::builder().put(put.map_err(defect)?).build(), refusal))
    }

    fn put(&self, item: Item) -> PutBuilder {
        Put::builder()
            .table_name(&*self.table.name)
            .set_item(Some(item))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    /// Asks that an item exists.
    pub(super) fn check_exists(self, key: Key, refusal: R) -> Result<Self, Error> {
        self.check(key, &Terms::default(), refusal)
    }

    /// Asks that an item exists and keeps the terms' condition.
    pub(super) fn check(self, key: Key, terms: &Terms, refusal: R) -> Result<Self, Error> {
        self.check_on(key, terms, terms.on_existing(), refusal)
    }

    /// Asks the terms' condition of an item that need not exist.
    pub(super) fn check_any(self, key: Key, terms: &Terms, refusal: R) -> Result<Self, Error> {
        self.check_on(key, terms, terms.on_any().to_owned(), refusal)
    }

    fn check_on(self, key: Key, terms: &Terms, condition: String, refusal: R) -> Result<Self, Error> {
        let check = ConditionCheck::builder()
            .table_name(&*self.table.name)
            .set_key(Some(key.attributes()))
            .condition_expression(condition)
            .set_expression_attribute_names(terms.names())
            .set_expression_attribute_values(terms.values())
            .build();
        Ok(self.add(TransactWriteItem::builder().condition_check(check.map_err(defect)?).build(), refusal))
    }

    /// Changes an item, which must exist.
    pub(super) fn update(self, key: Key, terms: &Terms, refusal: R) -> Result<Self, Error> {
        let update = Update::builder()
            .table_name(&*self.table.name)
            .set_key(Some(key.attributes()))
            .update_expression(&terms.change)
            .condition_expression(terms.on_existing())
            .set_expression_attribute_names(terms.names())
            .set_expression_attribute_values(terms.values())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        Ok(self.add(TransactWriteItem::builder().update(update.map_err(defect)?).build(), refusal))
    }

    /// Deletes an item, which must exist and keep the terms' condition.
    pub(super) fn delete(self, key: Key, terms: &Terms, refusal: R) -> Result<Self, Error> {
        let delete = Delete::builder()
            .table_name(&*self.table.name)
            .set_key(Some(key.attributes()))
            .condition_expression(terms.on_existing())
            .set_expression_attribute_names(terms.names())
            .set_expression_attribute_values(terms.values())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        Ok(self.add(TransactWriteItem::builder().delete(delete.map_err(defect)?).build(), refusal))
    }

    /// Does all of it or nothing. Where other transactions hold one of the items it is tried again with full jitter, under
    /// one request token: a commit whose answer was lost is not done twice.
    pub(super) async fn commit(self) -> Result<(), Refused<R>> {
        let token = ids::random_id(36);
        let mut contest = Contest::default();
        loop {
            let call = self.table.client.transact_write_items().client_request_token(&token);
            let Err(error) = call.set_transact_items(Some(self.actions.clone())).send().await else { return Ok(()) };
            match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    let reasons = cancelled.cancellation_reasons();
                    if !reasons.iter().any(is_passing) {
                        return Err(self.refused(reasons));
                    }
                    contest.lost("a transaction conflict").await?;
                }
                _ => match Error::from(error) {
                    Error::Unavailable(cause) => contest.lost(&cause).await?,
                    error => return Err(error.into()),
                },
            }
        }
    }

    fn refused(self, reasons: &[CancellationReason]) -> Refused<R> {
        if reasons.len() != self.refusals.len() {
            return Error::Unavailable("a transaction was cancelled without its reasons".to_owned()).into();
        }
        let mut failed = Vec::new();
        for (refusal, reason) in self.refusals.into_iter().zip(reasons) {
            match reason.code() {
                Some("ConditionalCheckFailed") => failed.push((refusal, reason.item.clone())),
                Some("None") | None => {}
                Some(code) => return Error::Internal(format!("a transaction was cancelled by {code}").into()).into(),
            }
        }
        Refused::Conditions(failed)
    }
}

/// A request that can't be built is a defect.
fn defect(error: BuildError) -> Error {
    Error::Internal(error.into())
}

/// A reason that says nothing of the conditions: the transaction may succeed when it is tried again.
fn is_passing(reason: &CancellationReason) -> bool {
    matches!(
        reason.code(),
        Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded" | "TransactionInProgress")
    )
}
