//! Whether a history of calls is linearizable: each call takes effect at one moment between its start and its end, and
//! all of them in one order that the model allows. A call of unknown outcome takes effect at any later time or never.
//!
//! The search is Wing and Gong's with Lowe's memory of what was visited ("Testing and Verifying Concurrent Objects",
//! 1993; "Testing for Linearizability", 2017). Two shortcuts keep it small, and neither loses an order:
//! - A read or a refusal goes first wherever it can. An order in which it comes later is good without it there. (A write
//!   that would change nothing now may be needed later: of associate, dissociate and associate, the last is needed.)
//! - Of unknown calls that are equal, the one that started first goes first. Whatever the later one could do, it can.

use std::{
    collections::HashSet,
    fmt::{self, Debug},
    hash::Hash,
    thread,
};

/// States that are visited before the search gives up.
const MAX_VISITED: usize = 400_000;
/// The search recurses once for each call that changes something.
const STACK_BYTES: usize = 256 * 1024 * 1024;
/// When a call of unknown outcome ends.
pub(crate) const NEVER: u64 = u64::MAX;

/// What calls do, one after the other.
pub(crate) trait Model {
    type State: Clone + Eq + Hash + Send;
    type Input: Clone + PartialEq + Debug + Send + Sync;
    type Output: Clone + Debug + Send + Sync;
    /// What histories of it are called.
    const NAME: &'static str;

    /// The state after a call, or `None` where the call can't be answered so. Without an output, the state after the
    /// call if it takes effect.
    fn step(state: &Self::State, input: &Self::Input, output: Option<&Self::Output>) -> Option<Self::State>;

    /// Whether a call that is answered so has changed nothing, in whatever state: a read, or a refusal.
    fn changes_nothing(input: &Self::Input, output: &Self::Output) -> bool;
}

/// A call with what was heard of it, which is nothing where its outcome is unknown.
pub(crate) struct Operation<M: Model> {
    pub(crate) client: usize,
    pub(crate) input: M::Input,
    pub(crate) output: Option<M::Output>,
    /// Nanoseconds since the run began.
    pub(crate) start: u64,
    pub(crate) end: u64,
}

impl<M: Model> Clone for Operation<M> {
    fn clone(&self) -> Self {
        Self { input: self.input.clone(), output: self.output.clone(), ..*self }
    }
}

impl<M: Model> fmt::Display for Operation<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = |nanoseconds: u64| nanoseconds / 1_000_000;
        let end = if self.end == NEVER { "?".to_owned() } else { milliseconds(self.end).to_string() };
        let start = milliseconds(self.start);
        write!(f, "{start:>8}..{end:>8} ms  client {:>3}  {:?} -> {:?}", self.client, self.input, self.output)
    }
}

/// What the search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Linearizable,
    /// No order is possible: the calls that the longest order doesn't reach, the next ones first.
    Violated(Vec<String>),
    /// The search gave up.
    Undecided,
}

/// Searches for an order of these calls.
pub(crate) fn check<M: Model>(initial: &M::State, operations: &[Operation<M>]) -> Verdict {
    let mut operations: Vec<_> = operations.iter().collect();
    operations.sort_by_key(|operation| operation.start);
    let done = vec![false; operations.len()];
    let initial = initial.clone();
    let mut search = Search { operations, done, visited: HashSet::new(), deepest: Vec::new(), reached: 0 };
    let (found, unreached) = thread::scope(|scope| {
        let builder = thread::Builder::new().stack_size(STACK_BYTES);
        let searching = move || (search.go_on(&initial), search.unreached());
        builder.spawn_scoped(scope, searching).unwrap().join().unwrap()
    });
    match found {
        Some(true) => Verdict::Linearizable,
        Some(false) => Verdict::Violated(unreached),
        None => Verdict::Undecided,
    }
}

struct Search<'a, M: Model> {
    operations: Vec<&'a Operation<M>>,
    done: Vec<bool>,
    visited: HashSet<(Vec<bool>, M::State)>,
    /// What was done in the longest order, and how much that is.
    deepest: Vec<bool>,
    reached: usize,
}

impl<M: Model> Search<'_, M> {
    /// Whether the calls that aren't done have an order from this state on. `None` where the search gave up.
    fn go_on(&mut self, state: &M::State) -> Option<bool> {
        let without_effect = self.do_what_changes_nothing(state);
        let found = self.try_each(state);
        if found != Some(true) {
            for index in without_effect {
                self.done[index] = false;
            }
        }
        found
    }

    fn do_what_changes_nothing(&mut self, state: &M::State) -> Vec<usize> {
        let mut chosen = Vec::new();
        loop {
            let next = self.candidates().into_iter().find(|index| {
                let operation = self.operations[*index];
                operation.output.as_ref().is_some_and(|output| {
                    M::changes_nothing(&operation.input, output)
                        && M::step(state, &operation.input, Some(output)).is_some()
                })
            });
            let Some(index) = next else { return chosen };
            self.done[index] = true;
            chosen.push(index);
        }
    }

    fn try_each(&mut self, state: &M::State) -> Option<bool> {
        let reached = self.done.iter().filter(|done| **done).count();
        if reached > self.reached || self.deepest.is_empty() {
            (self.reached, self.deepest) = (reached, self.done.clone());
        }
        let mut left =
            self.operations.iter().zip(&self.done).filter(|(operation, done)| !**done && operation.end != NEVER);
        if left.next().is_none() {
            return Some(true);
        }
        if !self.visited.insert((self.done.clone(), state.clone())) {
            return Some(false);
        }
        if self.visited.len() > MAX_VISITED {
            return None;
        }
        let mut candidates = self.candidates();
        candidates.sort_by_key(|index| self.operations[*index].end == NEVER);
        for index in candidates {
            let operation = self.operations[index];
            let Some(next) = M::step(state, &operation.input, operation.output.as_ref()) else { continue };
            if operation.output.is_none() && next == *state {
                continue;
            }
            self.done[index] = true;
            let found = self.go_on(&next);
            if found != Some(false) {
                return found;
            }
            self.done[index] = false;
        }
        Some(false)
    }

    /// The calls that can be the next one: those that started before any other one ended.
    fn candidates(&self) -> Vec<usize> {
        let open = || (0..self.operations.len()).filter(|index| !self.done[*index]);
        let first_end = open().map(|index| self.operations[index].end).min().unwrap_or(NEVER);
        let mut candidates: Vec<usize> = Vec::new();
        for index in open().take_while(|index| self.operations[*index].start <= first_end) {
            let operation = self.operations[index];
            let is_equal = |other: &usize| {
                let other = self.operations[*other];
                other.output.is_none() && other.input == operation.input
            };
            if operation.output.is_some() || !candidates.iter().any(is_equal) {
                candidates.push(index);
            }
        }
        candidates
    }

    fn unreached(&self) -> Vec<String> {
        let left = self.operations.iter().zip(&self.deepest).filter(|(_, done)| !**done);
        left.map(|(operation, _)| operation.to_string()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A register that is written and read.
    struct Register;

    #[derive(Clone, Debug, PartialEq)]
    enum Input {
        Write(u8),
        Read,
    }

    impl Model for Register {
        type State = u8;
        type Input = Input;
        type Output = u8;
        const NAME: &'static str = "register";

        fn step(state: &u8, input: &Input, output: Option<&u8>) -> Option<u8> {
            match input {
                Input::Write(value) => Some(*value),
                Input::Read => output.is_none_or(|read| read == state).then_some(*state),
            }
        }

        fn changes_nothing(input: &Input, _: &u8) -> bool {
            *input == Input::Read
        }
    }

    fn operation(input: Input, output: Option<u8>, start: u64, end: u64) -> Operation<Register> {
        Operation { client: 0, input, output, start, end }
    }

    #[test]
    fn calls_at_once_may_be_in_any_order_and_calls_in_a_row_in_theirs_alone() {
        let write = |value, start, end| operation(Input::Write(value), Some(0), start, end);
        let read = |value, start, end| operation(Input::Read, Some(value), start, end);
        assert_eq!(check(&0, &[write(1, 0, 10), write(2, 5, 15), read(1, 20, 30)]), Verdict::Linearizable);
        assert_eq!(check(&0, &[write(1, 0, 10), write(2, 5, 15), read(2, 20, 30)]), Verdict::Linearizable);
        let stale = check(&0, &[write(1, 0, 10), write(2, 11, 15), read(1, 20, 30)]);
        assert!(matches!(stale, Verdict::Violated(left) if left.len() == 1), "the read alone is out of order");
    }

    #[test]
    fn a_write_of_what_is_there_already_may_be_needed_later() {
        let write = |value, start, end| operation(Input::Write(value), Some(0), start, end);
        let read = |value, start, end| operation(Input::Read, Some(value), start, end);
        let history = [write(1, 0, 10), write(2, 20, 30), write(1, 25, 40), read(1, 50, 60)];
        assert_eq!(check(&0, &history), Verdict::Linearizable);
    }

    #[test]
    fn an_unknown_call_takes_effect_at_any_later_time_or_never_but_once() {
        let unknown = operation(Input::Write(1), None, 0, NEVER);
        let read = |value, start, end| operation(Input::Read, Some(value), start, end);
        assert_eq!(check(&0, &[unknown.clone(), read(0, 50, 60)]), Verdict::Linearizable);
        assert_eq!(check(&0, &[unknown.clone(), read(0, 50, 60), read(1, 70, 80)]), Verdict::Linearizable);
        let write = operation(Input::Write(2), Some(0), 30, 40);
        let twice = [unknown, read(1, 10, 20), write, read(2, 50, 60), read(1, 70, 80)];
        assert!(matches!(check(&0, &twice), Verdict::Violated(_)));
    }
}
