use super::*;
use crate::bulk::{BulkWrite, CountedChanges};

/// A row of so many items of its own, in some buckets of one order.
struct Thing(usize, Vec<&'static str>);

impl BulkRow for Thing {
    fn own_actions(&self) -> usize {
        self.0
    }

    fn counted_entries(&self) -> Vec<(usize, &str, i64)> {
        self.1.iter().map(|key| (0, *key, 1)).collect()
    }

    fn add<'t>(_: &[&Self], write: BulkWrite<'t>, _: &mut CountedChanges<'_>) -> BulkWrite<'t> {
        write
    }
}

/// The places of the rows of each transaction.
fn batched(rows: Vec<Thing>, max_rows: usize) -> Vec<Vec<usize>> {
    let rows: Vec<_> = rows.into_iter().enumerate().collect();
    let bucket_of = |_, key: &str| Ok((usize::from(key.as_bytes()[0] - b'a'), None));
    batches(&rows, bucket_of, max_rows).unwrap().into_iter().map(|batch| batch.rows).collect()
}

#[test]
fn rows_of_one_bucket_are_written_together() {
    let rows = ["a", "b", "a1", "b1", "c"].map(|key| Thing(30, vec![key]));
    assert_eq!(batched(rows.into(), usize::MAX), [[0, 2, 1].to_vec(), [3, 4].to_vec()]);
}

#[test]
fn a_transaction_has_a_hundred_actions_with_each_bucket_counted_once() {
    let rows = (0..40).map(|_| Thing(3, vec!["a"])).collect();
    let sizes: Vec<_> = batched(rows, usize::MAX).iter().map(Vec::len).collect();
    assert_eq!(sizes, [33, 7]);
    let rows = (0..4).map(|_| Thing(24, vec!["a", "b", "c"])).collect();
    assert_eq!(batched(rows, usize::MAX).len(), 1, "96 and 3");
    let rows = (0..4).map(|_| Thing(25, vec!["a"])).collect();
    assert_eq!(batched(rows, usize::MAX).len(), 2, "100 and 1");
}

#[test]
fn rows_that_met_others_go_in_smaller_transactions() {
    let rows = || (0..5).map(|_| Thing(3, vec!["a"])).collect();
    assert_eq!(batched(rows(), 2).iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    assert_eq!(batched(rows(), 1).len(), 5);
}
