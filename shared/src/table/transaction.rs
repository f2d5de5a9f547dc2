use std::time::{Duration, Instant};

use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        AttributeValue, CancellationReason, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure,
        TransactWriteItem, Update,
    },
};
use rand::random_range;
use tokio::time::sleep;

use super::{
    Error, Table,
    item::{Item, to_item},
    keys::Key,
};
use crate::ids;

/// How long a transaction that meets others on its items is tried again.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

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

/// What an update changes and on which condition, besides that the item exists.
pub(super) struct Change {
    pub(super) expression: &'static str,
    pub(super) condition: Option<&'static str>,
    pub(super) values: Vec<(&'static str, AttributeValue)>,
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
    pub(super) fn put_new(
        self,
        key: Key,
        entity: &str,
        record: &impl serde::Serialize,
        refusal: R,
    ) -> Result<Self, Error> {
        let put = Put::builder()
            .table_name(&*self.table.name)
            .set_item(Some(to_item(key, entity, record)?))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| Error::Internal(error.into()))?;
        Ok(self.add(TransactWriteItem::builder().put(put).build(), refusal))
    }

    /// Asks that an item exists.
    pub(super) fn check_exists(self, key: Key, refusal: R) -> Result<Self, Error> {
        let check = ConditionCheck::builder()
            .table_name(&*self.table.name)
            .set_key(Some(key.attributes()))
            .condition_expression("attribute_exists(pk)")
            .build()
            .map_err(|error| Error::Internal(error.into()))?;
        Ok(self.add(TransactWriteItem::builder().condition_check(check).build(), refusal))
    }

    /// Changes an item, which must exist.
    pub(super) fn update(self, key: Key, change: Change, refusal: R) -> Result<Self, Error> {
        let condition = match change.condition {
            Some(condition) => format!("attribute_exists(pk) AND {condition}"),
            None => "attribute_exists(pk)".to_owned(),
        };
        let mut update = Update::builder()
            .table_name(&*self.table.name)
            .set_key(Some(key.attributes()))
            .update_expression(change.expression)
            .condition_expression(condition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (name, value) in change.values {
            update = update.expression_attribute_values(name, value);
        }
        let update = update.build().map_err(|error| Error::Internal(error.into()))?;
        Ok(self.add(TransactWriteItem::builder().update(update).build(), refusal))
    }

    /// Deletes an item, which must exist.
    pub(super) fn delete(self, key: Key, refusal: R) -> Result<Self, Error> {
        let delete = Delete::builder()
            .table_name(&*self.table.name)
            .set_key(Some(key.attributes()))
            .condition_expression("attribute_exists(pk)")
            .build()
            .map_err(|error| Error::Internal(error.into()))?;
        Ok(self.add(TransactWriteItem::builder().delete(delete).build(), refusal))
    }

    /// Does all of it or nothing. Where other transactions hold one of the items it is tried again with full jitter, under
    /// one request token: a commit whose answer was lost is not done twice.
    pub(super) async fn commit(self) -> Result<(), Refused<R>> {
        let token = ids::random_id(36);
        let started = Instant::now();
        for attempt in 0.. {
            let call = self.table.client.transact_write_items().client_request_token(&token);
            let Err(error) = call.set_transact_items(Some(self.actions.clone())).send().await else { return Ok(()) };
            let busy = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    let reasons = cancelled.cancellation_reasons();
                    if !reasons.iter().any(is_passing) {
                        return Err(self.refused(reasons));
                    }
                    "a transaction conflict".to_owned()
                }
                _ => match Error::from(error) {
                    Error::Unavailable(cause) => cause,
                    error => return Err(error.into()),
                },
            };
            if started.elapsed() >= PATIENCE {
                return Err(Error::Unavailable(busy).into());
            }
            let longest = Duration::from_millis(10 << attempt.min(6)).min(LONGEST_PAUSE);
            sleep(random_range(Duration::ZERO..longest)).await;
        }
        Err(Error::Unavailable("no try was left".to_owned()).into())
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

/// A reason that says nothing of the conditions: the transaction may succeed when it is tried again.
fn is_passing(reason: &CancellationReason) -> bool {
    matches!(
        reason.code(),
        Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded" | "TransactionInProgress")
    )
}
