//! Commits a transaction by attempts of which each is sent once, so that what came of each is known.
//!
//! All attempts share one request token. Within ten minutes, `DynamoDB` applies what is sent with one token only once. No
//! attempt arrives later than that, since a signature is good for five minutes.
//!
//! *An attempt that nobody heard of may arrive late,* even after a later one was refused:
//!
//! | Attempt 1: promote Grace | Attempt 2: the same | Others |
//! |---|---|---|
//! | is sent, and delayed on its way | | |
//! | | | promote Grace |
//! | | is refused: she is an admin already | |
//! | | | demote Grace |
//! | arrives, meets its conditions, and makes her an admin again | | |
//!
//! So a refusal after an unheard attempt is reported only once the token is *void*: another transaction, which changes
//! nothing, has been committed with it. What arrives with the token from then on has other content, and is refused by
//! `IdempotentParameterMismatchException`. If the voiding transaction itself is refused so, an attempt was committed
//! first. Then the next attempt is answered as that one.
//!
//! Sources: Amazon `DynamoDB` API Reference, "`TransactWriteItems`", `ClientRequestToken`; AWS General Reference, "Signing
//! AWS API requests".

use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, ConditionCheck, TransactWriteItem},
};
use domain::ids;

use crate::{
    Error, Key, Refused, Transaction, backoff::Backoff, error::may_have_arrived, request::Effect, transaction::defect,
};

/// A partition that holds no item. A token that is void has been checked there.
pub(crate) const VOID_TOKENS: &str = "VOID";

/// What came of one attempt.
enum Attempt {
    Committed,
    /// Conditions failed, or an action can't be done.
    Refused(Vec<CancellationReason>),
    /// The table has refused it for now.
    Busy(String),
    /// Nobody knows whether it was, or still will be, committed.
    Unheard(String),
    Failed(Error),
}

impl<R> Transaction<'_, R> {
    /// Commits every action or none. Retries with full jitter while other transactions hold one of the items, and while
    /// attempts go unheard. No attempt takes effect once a refusal is reported.
    ///
    /// # Errors
    /// [`Refused`]: nothing was written, or the table did not answer. In the second case the transaction may have been
    /// committed; [`crate::may_have_changed`] tells.
    pub async fn commit(mut self) -> Result<(), Refused<R>> {
        if let Some(defect) = self.defect.take() {
            return Err(defect.into());
        }
        let token = ids::random_id(36);
        let mut effect = if self.asked_for { Effect::of_current_request() } else { Effect::of_nobody() };
        let (mut backoff, mut unheard) = (Backoff::default(), false);
        loop {
            effect.is_possible();
            let cause = match self.attempt(&token).await {
                Attempt::Committed => return Ok(()),
                Attempt::Refused(reasons) => {
                    if !unheard || self.void(&token).await? {
                        effect.is_ruled_out();
                        return Err(self.read_refusals(reasons));
                    }
                    "an earlier attempt was committed meanwhile".to_owned()
                }
                Attempt::Busy(cause) => cause,
                Attempt::Unheard(cause) => {
                    unheard = true;
                    cause
                }
                Attempt::Failed(error) => {
                    if !unheard {
                        effect.is_ruled_out();
                    }
                    return Err(error.into());
                }
            };
            if !unheard {
                effect.is_ruled_out();
            }
            let cause = if unheard { format!("{cause}; the outcome is unknown") } else { cause };
            backoff.wait_or_give_up(&cause).await?;
        }
    }

    async fn attempt(&self, token: &str) -> Attempt {
        let call = self.table.one_attempt.transact_write_items().client_request_token(token);
        let sent = call.set_transact_items(Some(self.actions.clone())).send().await;
        let Err(error) = sent else { return Attempt::Committed };
        if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() {
            let reasons = cancelled.cancellation_reasons();
            return if reasons.iter().any(is_transient) {
                Attempt::Busy("a transaction conflict".to_owned())
            } else {
                Attempt::Refused(reasons.to_vec())
            };
        }
        let may_have_arrived = may_have_arrived(&error);
        match Error::from(error) {
            Error::Unavailable(cause) if may_have_arrived => Attempt::Unheard(cause),
            Error::Unavailable(cause) => Attempt::Busy(cause),
            error @ Error::Internal(_) => Attempt::Failed(error),
        }
    }

    /// Commits a transaction that changes nothing with the token, so that no attempt does any more. Returns false if one
    /// was committed before.
    async fn void(&self, token: &str) -> Result<bool, Error> {
        let check = ConditionCheck::builder()
            .table_name(&*self.table.name)
            .set_key(Some(Key::new(VOID_TOKENS, token).attributes()))
            .condition_expression("attribute_not_exists(pk)")
            .build();
        let check = TransactWriteItem::builder().condition_check(check.map_err(defect)?).build();
        let mut backoff = Backoff::default();
        loop {
            let call = self.table.client.transact_write_items().client_request_token(token);
            let Err(error) = call.transact_items(check.clone()).send().await else { return Ok(true) };
            let cause = match error.as_service_error() {
                Some(TransactWriteItemsError::IdempotentParameterMismatchException(_)) => return Ok(false),
                // An unheard attempt to void the token is still in flight.
                Some(TransactWriteItemsError::TransactionCanceledException(_)) => "a transaction conflict".to_owned(),
                _ => match Error::from(error) {
                    Error::Unavailable(cause) => cause,
                    error @ Error::Internal(_) => return Err(error),
                },
            };
            backoff.wait_or_give_up(&format!("{cause}; the outcome is unknown")).await?;
        }
    }

    fn read_refusals(self, reasons: Vec<CancellationReason>) -> Refused<R> {
        if reasons.len() != self.refusals.len() {
            return Error::Unavailable("a transaction was cancelled without its reasons".to_owned()).into();
        }
        let mut failed = Vec::new();
        for (refusal, reason) in self.refusals.into_iter().zip(reasons) {
            match reason.code() {
                Some("ConditionalCheckFailed") => failed.push((refusal, reason.item)),
                Some("None") | None => {}
                Some(code) => return Error::Internal(format!("a transaction was cancelled by {code}").into()).into(),
            }
        }
        Refused::Conditions(failed)
    }
}

/// A cancellation reason that does not come from a condition: a retry may succeed.
pub(crate) fn is_transient(reason: &CancellationReason) -> bool {
    matches!(
        reason.code(),
        Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded" | "TransactionInProgress")
    )
}
