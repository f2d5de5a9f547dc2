//! The rounds: rows are read, written in transactions that share no item, and read again where others were there first.

use std::{
    collections::{BTreeSet, VecDeque},
    mem::take,
    time::Duration,
};

use counted_index::IndexChanges;
use dynamo::{Backoff, time_left};
use futures_util::future::join_all;
use tokio::time::timeout;

use super::{
    ANSWER_TIME, BulkRow, BulkWork, Changed, CountedChanges, Round,
    batches::{SharedItem, batches},
    outline::Outline,
};
use crate::{
    Error, OrganizationScope,
    scope::{Committed, RoleHeld},
};

/// Rows that one round reads and writes.
const ROUND_ROWS: usize = 250;
/// Transactions in flight together.
const MAX_PARALLEL: usize = 8;

/// What a round leaves.
#[derive(Default)]
struct Left {
    /// Rows of buckets that were split meanwhile.
    to_read_again: Vec<usize>,
    /// Rows of transactions of which something was changed by others.
    in_conflict: Vec<usize>,
    /// The most rows of such a transaction.
    conflict_size: usize,
    written: usize,
}

/// Writes the rows at the places below `count`. Whatever time doesn't suffice for is left as it is.
///
/// # Errors
/// The caller's role doesn't hold, or the table is out of reach and nothing was written.
pub(crate) async fn write_rows<W: BulkWork>(
    scope: &OrganizationScope<'_>,
    work: &mut W,
    count: usize,
) -> Result<(), Error> {
    let time = time_left().map_or(Duration::MAX, |left| left.saturating_sub(ANSWER_TIME));
    let mut written = 0;
    // The futures are as large as what they hold at most: on the heap, they don't fill the stack of the call.
    let rounds = Box::pin(rounds(scope, work, (0..count).collect(), &mut written));
    match timeout(time, rounds).await {
        // What was written is answered, and the caller sends the rest again.
        Ok(Err(Error::Unavailable(cause))) if written > 0 => {
            tracing::warn!(cause, "rows of an import were left");
            Ok(())
        }
        Ok(done) => done,
        Err(_) if written > 0 => Ok(()),
        Err(_) => Err(Error::Unavailable("no row of an import was written in time".to_owned())),
    }
}

async fn rounds<W: BulkWork>(
    scope: &OrganizationScope<'_>,
    work: &mut W,
    mut waiting: VecDeque<usize>,
    written: &mut usize,
) -> Result<(), Error> {
    let (mut backoff, mut conflicts, mut max_rows) = (Backoff::default(), Left::default(), usize::MAX);
    loop {
        if waiting.is_empty() {
            if conflicts.in_conflict.is_empty() {
                return Ok(());
            }
            backoff.wait_or_give_up("the rows of an import are being changed by others").await?;
            max_rows = (conflicts.conflict_size / 2).max(1);
            waiting = take(&mut conflicts).in_conflict.into();
        }
        let now: Vec<_> = waiting.drain(..waiting.len().min(ROUND_ROWS)).collect();
        let (round, held) = scope.checked_to_write(|reads| work.read(reads, &now)).await?;
        let left = Box::pin(write_round(work, held, round, max_rows, written)).await?;
        if left.written > 0 {
            backoff = Backoff::default();
        }
        waiting.extend(left.to_read_again);
        conflicts.in_conflict.extend(left.in_conflict);
        conflicts.conflict_size = conflicts.conflict_size.max(left.conflict_size);
    }
}

async fn write_round<W: BulkWork>(
    work: &mut W,
    held: RoleHeld<'_>,
    round: Round<W::Row>,
    max_rows: usize,
    written: &mut usize,
) -> Result<Left, Error> {
    let Round { orders, rows } = round;
    if rows.is_empty() {
        return Ok(Left::default());
    }
    let mut outline = Outline::read(*held.indexes(), orders, &rows).await?;
    let (mut left, mut split) = (Left::default(), BTreeSet::new());
    let mut batches = batches(&rows, |order, key| outline.bucket_and_parent(order, key), max_rows)?;
    while !batches.is_empty() {
        let (mut wave, mut busy, mut later) = (Vec::new(), BTreeSet::new(), Vec::new());
        for batch in batches {
            if !batch.shared.is_disjoint(&split) {
                left.to_read_again.extend(batch.rows.iter().filter_map(|row| Some(rows.get(*row)?.0)));
            } else if wave.len() < MAX_PARALLEL && batch.shared.is_disjoint(&busy) {
                busy.extend(batch.shared.iter().cloned());
                wave.push(batch);
            } else {
                later.push(batch);
            }
        }
        let commits = wave.iter().map(|batch| {
            let of_batch: Vec<_> = batch.rows.iter().filter_map(|row| rows.get(*row)).map(|(_, row)| row).collect();
            let mut changes = CountedChanges { outline: &outline, changes: IndexChanges::default() };
            let write = W::Row::add(&of_batch, held.write(), &mut changes);
            Box::pin(write.change_indexes(changes.changes, || Changed).commit(()))
        });
        let mut failed = None;
        for (batch, committed) in wave.iter().zip(join_all(commits).await) {
            let of_batch = batch.rows.iter().filter_map(|row| rows.get(*row));
            match committed {
                Ok(Committed::Done(_)) => {
                    left.written += batch.rows.len();
                    *written += batch.rows.len();
                    for (place, row) in of_batch {
                        work.note_written(*place);
                        for (order, key, change) in row.counted_entries() {
                            let bucket = outline.place(order, key)?;
                            if outline.add_entries(order, bucket, change) {
                                split.insert(SharedItem::Bucket(order, bucket));
                            }
                        }
                    }
                }
                Ok(Committed::Refused(_)) => {
                    left.conflict_size = left.conflict_size.max(batch.rows.len());
                    left.in_conflict.extend(of_batch.map(|(place, _)| *place));
                }
                Err(error) => failed = Some(error),
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        batches = later;
    }
    Ok(left)
}
