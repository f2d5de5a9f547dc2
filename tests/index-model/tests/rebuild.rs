//! An index that somebody broke is mended while others write to it.

use std::{cell::Cell, time::Duration};

use dynamo::{Expression, number, text};
use futures_util::future::{join, join_all};

use crate::fixture::{Thing, Things, Way, run};

/// Things that are there from the beginning: enough for parents.
const THINGS: u32 = 60;

fn thing(id: u32) -> Thing {
    Thing { id, group_number: id % 4 }
}

/// Adds and removes a thing of its own until `is_rebuilt`. What can't be done while the index is broken is tried again.
async fn write(things: &Things, id: u32, is_rebuilt: &Cell<bool>) {
    while !is_rebuilt.get() {
        let _ = things.insert(&thing(id)).await;
        let _ = things.remove(id).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Breaks an index, and rebuilds it while four writers go on. Asserts that every count is right then, and that all
/// things are there.
fn mends(break_it: &impl AsyncFn(&Things)) {
    run(async {
        let things = Things::new(Way::Direct).await;
        let all: Vec<_> = (0..THINGS).map(|id| thing(2 * id)).collect();
        things.insert_many(&all).await.unwrap();
        things.settle().await;
        things.assert_settled().await;
        break_it(&things).await;
        let is_rebuilt = Cell::new(false);
        // The writers end their calls. A call that is dropped may still commit, in the middle of what is asserted next.
        let writers = join_all([1, 31, 61, 91].map(|id| write(&things, id, &is_rebuilt)));
        let rebuild = async {
            for order in &things.orders {
                things.index().rebuild(order).await.unwrap();
            }
            is_rebuilt.set(true);
        };
        join(writers, rebuild).await;
        for id in [1, 31, 61, 91] {
            while things.get(id).await.unwrap().is_some() {
                assert!(things.remove(id).await.unwrap());
            }
        }
        things.assert_counted().await;
        things.assert_settled().await;
        assert_eq!(things.page(0, false, 0, 200).await, (all, u64::from(THINGS)));
    });
}

fn entries(entries: u32) -> Expression {
    Expression::update("SET entries = :entries").value(":entries", number(entries))
}

#[test]
fn a_wrong_count_of_a_bucket_is_mended_beside_writes() {
    mends(&async |things| {
        for order in [0, 1] {
            let buckets = things.sort_keys(order, "B#").await;
            things.sabotage(order, &buckets[0], Some(&entries(0))).await;
            things.sabotage(order, &buckets[buckets.len() / 2], Some(&entries(3_000))).await;
        }
    });
}

#[test]
fn a_wrong_count_of_a_parent_is_mended_beside_writes() {
    mends(&async |things| {
        for order in [0, 1] {
            let parents = things.sort_keys(order, "A#").await;
            assert!(parents.len() > 1, "{parents:?}");
            things.sabotage(order, &parents[0], Some(&entries(0))).await;
            things.sabotage(order, &parents[1], Some(&entries(3_000))).await;
        }
    });
}

#[test]
fn a_missing_first_bucket_is_mended_beside_writes() {
    mends(&async |things| things.sabotage(0, "B#", None).await);
}

#[test]
fn missing_buckets_are_mended_beside_writes_even_where_a_parent_begins_with_one() {
    mends(&async |things| {
        let (buckets, parents) = (things.sort_keys(0, "B#").await, things.sort_keys(0, "A#").await);
        let first_of_parent = parents[1].replacen('A', "B", 1);
        things.sabotage(0, &first_of_parent, None).await;
        let another = buckets.iter().rev().find(|bucket| **bucket != first_of_parent).unwrap();
        things.sabotage(0, another, None).await;
    });
}

#[test]
fn missing_parents_are_mended_beside_writes_whose_buckets_name_them() {
    for place in [0, 1] {
        mends(&async |things| {
            let parents = things.sort_keys(0, "A#").await;
            things.sabotage(0, &parents[place], None).await;
        });
    }
}

#[test]
fn a_bucket_with_another_parent_and_a_change_that_was_left_are_mended_beside_writes() {
    mends(&async |things| {
        let (buckets, parents) = (things.sort_keys(0, "B#").await, things.sort_keys(0, "A#").await);
        let other = Expression::update("SET parent = :parent").value(":parent", text(&parents[1][2..]));
        things.sabotage(0, &buckets[1], Some(&other)).await;
        let left = Expression::update("SET unsettled = :mark").value(":mark", text("!left"));
        things.sabotage(0, &parents[0], Some(&left)).await;
    });
}
