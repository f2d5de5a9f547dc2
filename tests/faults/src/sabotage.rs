//! What a proxy breaks on purpose, so that checkers show that they see it.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    engine::{Answer, Call},
    items::action_of,
    proxy::{Cut, Proxy},
    refusals,
};

/// One of so many transactions is lost.
const ONE_IN: u64 = 40;
/// One of so many transactions that add to a count is doubled.
const ONE_COUNTED_IN: u64 = 20;
/// One of so many half-seen commits is broken.
const ONE_HALF_IN: u64 = 3;
/// One of so many reads whose answer is known from long enough ago is broken.
const ONE_READ_IN: u64 = 4;
/// An answer of this age is stale.
const STALE: Duration = Duration::from_millis(400);

/// What is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// A transaction is answered as done and isn't.
    LostWrite,
    /// What a transaction adds to a count is added twice.
    DoubledWrite,
    /// A half-seen commit stays half.
    HalfState,
    /// A read answers what an earlier one did.
    StaleRead,
}

/// Breaks things, and counts them.
#[derive(Debug)]
pub struct Saboteur {
    kind: Sabotage,
    turns: AtomicU64,
    broken: AtomicU64,
    answers: Mutex<HashMap<String, (Instant, Answer)>>,
}

impl Saboteur {
    /// Breaks this.
    #[must_use]
    pub fn new(kind: Sabotage) -> Self {
        let (turns, broken) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { kind, turns, broken, answers: Mutex::default() }
    }

    pub(crate) fn count(&self) -> u64 {
        self.broken.load(Ordering::SeqCst)
    }

    fn is_one_in(&self, of: u64) -> bool {
        self.turns.fetch_add(1, Ordering::SeqCst) % of == of - 1
    }

    fn note(&self) {
        self.broken.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether a half-seen commit is to stay half.
    pub(crate) fn leaves_half(&self) -> bool {
        let leaves = self.kind == Sabotage::HalfState && self.is_one_in(ONE_HALF_IN);
        if leaves {
            self.note();
        }
        leaves
    }

    pub(crate) async fn perform(&self, proxy: &Proxy, call: &Call) -> Result<Answer, Cut> {
        let is_transaction = call.operation == "TransactWriteItems";
        match self.kind {
            Sabotage::LostWrite if is_transaction && self.is_one_in(ONE_IN) => {
                self.note();
                Ok(refusals::done(&json!({})))
            }
            Sabotage::DoubledWrite if is_transaction => {
                let answer = proxy.perform_honestly(call).await?;
                let additions = additions_of(call);
                // The turn is drawn among these alone: a run whose turns all fell to others would break nothing.
                if answer.is_done() && !additions.is_empty() && self.is_one_in(ONE_COUNTED_IN) {
                    self.add_again(proxy, call, additions).await;
                }
                Ok(answer)
            }
            Sabotage::StaleRead if matches!(&*call.operation, "GetItem" | "Query" | "BatchGetItem") => {
                self.read(proxy, call).await
            }
            _ => proxy.perform_honestly(call).await,
        }
    }

    async fn add_again(&self, proxy: &Proxy, call: &Call, additions: Vec<Value>) {
        for addition in additions {
            let done = proxy.engine.forward(&call.other("UpdateItem", addition)).await;
            if done.is_some_and(|answer| answer.is_done()) {
                self.note();
            }
        }
    }

    async fn read(&self, proxy: &Proxy, call: &Call) -> Result<Answer, Cut> {
        // What the answer costs is no part of the question.
        let mut question = call.body.clone();
        question["ReturnConsumedCapacity"] = Value::Null;
        let question = format!("{} {question}", call.operation);
        let known = self.answers.lock().unwrap().get(&question).cloned();
        if let Some((at, answer)) = known
            && at.elapsed() >= STALE
            && self.is_one_in(ONE_READ_IN)
        {
            self.note();
            return Ok(answer);
        }
        let answer = proxy.perform_honestly(call).await?;
        if answer.is_done() {
            self.answers.lock().unwrap().entry(question).or_insert_with(|| (Instant::now(), answer.clone()));
        }
        Ok(answer)
    }
}

/// What a transaction adds to counts, as updates of their own.
fn additions_of(call: &Call) -> Vec<Value> {
    let actions = call.body["TransactItems"].as_array().into_iter().flatten();
    let updates = actions.filter_map(|action| match action_of(action) {
        ("Update", update) => Some(update),
        _ => None,
    });
    let additions = updates.filter(|update| update["UpdateExpression"].as_str().is_some_and(|it| it.contains("ADD ")));
    additions
        .cloned()
        .map(|mut addition| {
            if let Some(addition) = addition.as_object_mut() {
                addition.remove("ReturnValuesOnConditionCheckFailure");
            }
            addition
        })
        .collect()
}
