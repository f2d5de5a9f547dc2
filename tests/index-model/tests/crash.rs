//! Each call of an insert, a move, a removal and a split fails once, or is the last one before the process ends.

use dynamo::aws;
use faults::connection::{Fault, Faulty};
use futures_util::future::join_all;

use crate::fixture::{Thing, Things, Way, run};

/// Returns all things, ordered by id.
async fn all(things: &Things) -> Vec<Thing> {
    things.page(0, false, 0, 100).await.0
}

fn thing(id: u32, group_number: u32) -> Thing {
    Thing { id, group_number }
}

/// Runs `work` with each fault at each of its calls in turn, on a collection that holds `before`. Asserts that every
/// count is right afterwards, and that a change that was reported as done is there.
fn at_each_call(before: &[Thing], after: &[Thing], least_calls: usize, work: &impl AsyncFn(&Things) -> bool) {
    run(async {
        // Each fault has a collection of its own, so that they can run concurrently.
        join_all(Fault::ALL.map(|fault| meet(fault, before, after, least_calls, work))).await;
    });
}

async fn meet(
    fault: Fault,
    before: &[Thing],
    after: &[Thing],
    least_calls: usize,
    work: &impl AsyncFn(&Things) -> bool,
) {
    for at in 0.. {
        let things = Things::new(Way::Direct).await;
        for thing in before {
            assert!(things.insert(thing).await.unwrap());
        }
        let faulty = Faulty::new(aws::http_client(Some("http://")), fault, at);
        let faulted = things.by(|config| config.http_client(faulty.client()));

        let done = tokio::select! {
            done = work(&faulted) => Some(done),
            () = faulty.killed() => None,
        };
        things.assert_counted().await;
        let now = all(&things).await;
        match done {
            Some(done) => {
                assert!(done, "{fault:?} at call {at}: a fault that passes is no refusal");
                assert_eq!(now, after, "{fault:?} at call {at}: what was said to be done");
            }
            None => assert!(now == before || now == after, "{fault:?} at call {at}: all or nothing: {now:?}"),
        }

        // Other writers can go on, at the latest once a fence has expired, and rebalance what was left.
        for id in [97, 98] {
            assert!(things.insert(&thing(id, 5)).await.unwrap());
            assert!(things.remove(id).await.unwrap());
        }
        assert_eq!(all(&things).await, now);
        things.assert_counted().await;
        things.settle().await;
        things.assert_settled().await;
        things.assert_counted().await;
        assert_eq!(all(&things).await, now);
        if !faulty.was_met() {
            assert!(at >= least_calls, "the work takes {at} calls");
            return;
        }
    }
}

fn some(ids: std::ops::Range<u32>) -> Vec<Thing> {
    ids.map(|id| thing(id, id % 3)).collect()
}

#[test]
fn an_insert_that_is_cut_off_anywhere_leaves_right_counts() {
    at_each_call(&some(0..2), &some(0..3), 4, &async |things| things.insert(&thing(2, 2)).await.unwrap());
}

#[test]
fn a_removal_that_is_cut_off_anywhere_leaves_right_counts() {
    let left: Vec<_> = some(0..3).into_iter().filter(|thing| thing.id != 1).collect();
    at_each_call(&some(0..3), &left, 4, &async |things| things.remove(1).await.unwrap());
}

#[test]
fn a_move_that_is_cut_off_anywhere_leaves_right_counts() {
    let moved = [thing(0, 0), thing(1, 4), thing(2, 2)];
    at_each_call(&some(0..3), &moved, 4, &async |things| things.move_to(&thing(1, 4)).await.unwrap());
}

#[test]
fn a_split_that_is_cut_off_anywhere_leaves_right_counts() {
    // The fifth entry of a bucket of four takes a read, two look-ups and a commit. Each order then takes a fence, two
    // reads and a commit.
    at_each_call(&some(0..4), &some(0..5), 12, &async |things| things.insert(&thing(4, 1)).await.unwrap());
}

#[test]
fn the_first_parents_that_are_cut_off_anywhere_leave_right_counts() {
    // The ninth entry makes a fourth bucket, which makes a parent, which is cut in two: in either order at least a put,
    // a handing over, a mark, a cut, another handing over and the end of the mark, with reads between them.
    at_each_call(&some(0..8), &some(0..9), 20, &async |things| things.insert(&thing(8, 2)).await.unwrap());
}

#[test]
fn a_bucket_that_falls_empty_is_deleted_whenever_that_is_cut_off() {
    let before = some(0..6);
    let left: Vec<_> = before[..5].to_vec();
    at_each_call(&before, &left, 4, &async |things| things.remove(5).await.unwrap());
}
