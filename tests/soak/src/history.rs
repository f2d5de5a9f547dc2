//! What the clients did, as the checkers take it.

use std::sync::{Mutex, PoisonError};

use crate::{
    api::{Answer, Heard},
    linearize::{Model, NEVER, Operation, Verdict, check},
};

/// The history of one object, which many clients write at once.
pub(crate) struct History<M: Model> {
    initial: M::State,
    operations: Mutex<Vec<Operation<M>>>,
}

impl<M: Model> History<M> {
    pub(crate) fn from(initial: M::State) -> Self {
        Self { initial, operations: Mutex::default() }
    }

    /// Adds what was heard of a call, where `output` knows what an answer says of the object. An answer that says
    /// nothing of it, such as 403 to a caller who is no admin, leaves no trace.
    pub(crate) fn add(
        &self,
        client: usize,
        input: &M::Input,
        heard: &Heard,
        output: impl Fn(&Answer) -> Option<M::Output>,
    ) {
        for start in &heard.unheard {
            self.push(Operation { client, input: input.clone(), output: None, start: *start, end: NEVER });
        }
        if let Some(answer) = &heard.answer
            && let Some(output) = output(answer)
        {
            let (start, end) = (heard.start, heard.end);
            self.push(Operation { client, input: input.clone(), output: Some(output), start, end });
        }
    }

    fn push(&self, operation: Operation<M>) {
        self.operations.lock().unwrap_or_else(PoisonError::into_inner).push(operation);
    }

    /// The calls whose outcome is unknown.
    pub(crate) fn unknown(&self) -> usize {
        let operations = self.operations.lock().unwrap_or_else(PoisonError::into_inner);
        operations.iter().filter(|operation| operation.output.is_none()).count()
    }

    /// How many calls there are.
    pub(crate) fn len(&self) -> usize {
        self.operations.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub(crate) fn check(&self) -> Verdict {
        check(&self.initial, &self.operations.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the calls that started before this have an order. Where they have one and all together have none, what
    /// was acknowledged was lost since.
    pub(crate) fn check_before(&self, end: u64) -> Verdict {
        let operations = self.operations.lock().unwrap_or_else(PoisonError::into_inner);
        let before: Vec<_> = operations.iter().filter(|operation| operation.start < end).cloned().collect();
        check(&self.initial, &before)
    }

    /// Every call, in order.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut operations = self.operations.lock().unwrap_or_else(PoisonError::into_inner).clone();
        operations.sort_by_key(|operation| operation.start);
        operations.iter().map(ToString::to_string).collect()
    }
}
