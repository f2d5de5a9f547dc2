//! Writes many rows in as few transactions as they fit into.
//!
//! The rows go in *rounds*. A round reads what its rows need, beside the live role check: so the rows of an admin who
//! is demoted meanwhile end with the round. Then it writes them, as many in a transaction as fit.
//!
//! *Transactions in flight share no item.* On AWS they would conflict. Rows of one bucket are written together, and two
//! transactions that touch one bucket come one after the other.
//!
//! *One row stops no other.* Where a condition fails, nothing of the transaction is written, and all of its rows are
//! read again. They go in transactions of half the size, down to one row each: what can't be written is alone in the end.

mod batches;
mod outline;
mod write;

pub(crate) use outline::CountedChanges;
pub(crate) use write::write_rows;

use std::{pin::Pin, time::Duration};

use counted_index::Order;

use crate::{
    Error,
    scope::{Reads, RoleHeld, Write},
};

/// What is left of a call once its rows are given up: the answer has to be made.
pub(crate) const ANSWER_TIME: Duration = Duration::from_secs(1);

/// What came of a row.
#[derive(Debug)]
pub enum RowOutcome<E> {
    /// The row was written.
    Written,
    /// Everything was as the row has it.
    Unchanged,
    /// The row can't be written, for this reason.
    Refused(E),
    /// There was no time left for the row, or nobody knows whether it was written.
    NotAttempted,
}

impl<E> RowOutcome<E> {
    /// Maps the reason of a refusal.
    pub fn map_refusal<F>(self, map: impl FnOnce(E) -> F) -> RowOutcome<F> {
        match self {
            Self::Written => RowOutcome::Written,
            Self::Unchanged => RowOutcome::Unchanged,
            Self::Refused(error) => RowOutcome::Refused(map(error)),
            Self::NotAttempted => RowOutcome::NotAttempted,
        }
    }
}

/// The refusal of a transaction that met something not as it was read.
#[derive(Clone, Copy)]
pub(crate) struct Changed;

/// A transaction of several rows.
pub(crate) type BulkWrite<'t> = Write<'t, RoleHeld<'t>, Changed>;

/// A row that is to be written, with what was read of it.
pub(crate) trait BulkRow: Send + Sync + Sized {
    /// How many items the row changes that are no other row's.
    fn own_actions(&self) -> usize;

    /// The entries that come and go with the row: the place of the order, the key, and 1 or -1.
    fn counted_entries(&self) -> Vec<(usize, &str, i64)>;

    /// The names of other counters that the row shares with others.
    fn counters(&self) -> Vec<String> {
        Vec::new()
    }

    /// Adds the rows of one transaction.
    fn add<'t>(rows: &[&Self], write: BulkWrite<'t>, changes: &mut CountedChanges<'_>) -> BulkWrite<'t>;
}

/// The rows of a round as they are in the table.
pub(crate) struct Round<R> {
    /// The orders that the rows are in.
    pub(crate) orders: Vec<Order>,
    /// The rows that are to be written, each by its place among all.
    pub(crate) rows: Vec<(usize, R)>,
}

/// Rows that are to be written.
pub(crate) trait BulkWork: Send {
    type Row: BulkRow;

    /// Reads the rows at these places, and settles those that need no write.
    fn read<'a>(&'a mut self, reads: Reads<'a>, places: &'a [usize]) -> ReadingRound<'a, Self::Row>;

    /// Notes that a row was written.
    fn note_written(&mut self, place: usize);
}

/// The reads of a round. Their type is erased: the compiler can't see that they may be sent between threads.
pub(crate) type ReadingRound<'a, R> = Pin<Box<dyn Future<Output = Result<Round<R>, Error>> + Send + 'a>>;
