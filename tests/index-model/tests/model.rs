//! Random changes against a sorted model.

use std::collections::BTreeMap;

use counted_index::KeyRange;
use futures_util::future::join_all;
use proptest::{
    collection::{btree_map, vec},
    prelude::*,
    test_runner::Config,
};

use crate::fixture::{Thing, Things, Way, run};

/// Tasks that change things concurrently. Each changes things of its own.
const TASKS: u32 = 4;
/// Ids between which those of all tasks lie, and one thing that nobody touches.
const STRIDE: u32 = TASKS + 1;

#[derive(Clone, Debug)]
enum Change {
    Insert(u32, u32),
    InsertMany(Vec<(u32, u32)>),
    Remove(u32),
    Move(u32, u32),
    Page { order: usize, descending: bool, skip: u64, size: u64 },
    Range { order: usize, descending: bool, from: u32, to: u32, skip: u64, size: u64 },
    Walk { order: usize, descending: bool, from: u32, to: u32, skip: u64, size: u64 },
}

fn change() -> impl Strategy<Value = Change> {
    let (id, group) = (0..24_u32, 0..6_u32);
    let order = 0..2_usize;
    prop_oneof![
        6 => (id.clone(), group.clone()).prop_map(|(id, group)| Change::Insert(id, group)),
        1 => vec((id.clone(), group.clone()), 1..12).prop_map(Change::InsertMany),
        3 => id.clone().prop_map(Change::Remove),
        3 => (id.clone(), group).prop_map(|(id, group)| Change::Move(id, group)),
        2 => (order.clone(), any::<bool>(), 0..26_u64, 1..9_u64)
            .prop_map(|(order, descending, skip, size)| Change::Page { order, descending, skip, size }),
        2 => (order.clone(), any::<bool>(), id.clone(), id.clone(), 0..12_u64, 1..9_u64)
            .prop_map(|(order, descending, from, to, skip, size)| Change::Range { order, descending, from, to, skip, size }),
        3 => (order, any::<bool>(), 0..8_u32, 16..26_u32, prop_oneof![Just(0), 0..12_u64], 1..9_u64)
            .prop_map(|(order, descending, from, to, skip, size)| Change::Walk { order, descending, from, to, skip, size }),
    ]
}

/// Things by id.
type Model = BTreeMap<u32, u32>;

/// Returns the model's things in an order.
fn sorted(model: &Model, order: usize, descending: bool) -> Vec<Thing> {
    let mut things: Vec<_> = model.iter().map(|(id, group)| Thing { id: *id, group_number: *group }).collect();
    things.sort_by_key(|thing| thing.keys()[order].clone());
    if descending {
        things.reverse();
    }
    things
}

/// Returns the range of keys between two ids, in the order by id or the order by group.
fn range(order: usize, from: u32, to: u32) -> KeyRange {
    match order {
        0 => KeyRange::new(format!("{from:03}"), Some(format!("{to:03}"))),
        _ => KeyRange::new(format!("{:02}-", from / 4), Some(format!("{:02}-{to:03}", to / 4))),
    }
}

/// Returns the model's things of a range, in an order.
fn sorted_in(model: &Model, range: &KeyRange, order: usize, descending: bool) -> Vec<Thing> {
    let mut things = sorted(model, order, descending);
    things.retain(|thing| is_in(range, &thing.keys()[order]));
    things
}

fn is_in(range: &KeyRange, key: &str) -> bool {
    *key >= *range.from && range.to.as_deref().is_none_or(|to| key < to)
}

/// Asserts that a page has its order and shows no place twice.
fn assert_ordered(things: &[Thing], order: usize, descending: bool) {
    let mut keys: Vec<_> = things.iter().map(|thing| thing.keys()[order].clone()).collect();
    if descending {
        keys.reverse();
    }
    assert!(keys.is_sorted_by(|one, other| one < other), "{keys:?}");
}

fn cut(things: &[Thing], skip: u64, size: u64) -> Vec<Thing> {
    let (skip, size) = (usize::try_from(skip).unwrap(), usize::try_from(size).unwrap());
    things.iter().skip(skip).take(size).cloned().collect()
}

fn count(things: &[Thing]) -> u64 {
    u64::try_from(things.len()).unwrap()
}

async fn apply(things: &Things, model: &mut Model, change: &Change) {
    match change {
        Change::Insert(id, group_number) => {
            let new = !model.contains_key(id);
            let inserted = things.insert(&Thing { id: *id, group_number: *group_number }).await.unwrap();
            assert_eq!(inserted, new, "{change:?}");
            model.entry(*id).or_insert(*group_number);
        }
        Change::InsertMany(rows) => {
            let rows: Model = rows.iter().copied().filter(|(id, _)| !model.contains_key(id)).collect();
            things.insert_many(&sorted(&rows, 0, false)).await.unwrap();
            model.extend(rows);
        }
        Change::Remove(id) => {
            assert_eq!(things.remove(*id).await.unwrap(), model.remove(id).is_some(), "{change:?}");
        }
        Change::Move(id, group_number) => {
            let moved = things.move_to(&Thing { id: *id, group_number: *group_number }).await.unwrap();
            assert_eq!(moved, model.contains_key(id), "{change:?}");
            model.entry(*id).and_modify(|group| *group = *group_number);
        }
        Change::Page { order, descending, skip, size } => {
            let all = sorted(model, *order, *descending);
            let expected = (cut(&all, *skip, *size), count(&all));
            assert_eq!(things.page(*order, *descending, *skip, *size).await, expected, "{change:?}");
        }
        Change::Range { order, descending, from, to, skip, size } => {
            let range = range(*order, *from, *to);
            let all = sorted_in(model, &range, *order, *descending);
            let expected = (cut(&all, *skip, *size), count(&all));
            assert_eq!(things.page_of(*order, *descending, &range, *skip, *size).await, expected, "{change:?}");
        }
        Change::Walk { order, descending, from, to, skip, size } => {
            let range = range(*order, *from, *to);
            let expected = cut(&sorted_in(model, &range, *order, *descending), *skip, u64::MAX);
            assert_eq!(things.walk(*order, *descending, &range, *skip, *size).await, expected, "{change:?}");
        }
    }
}

/// Asserts that every page, in both orders and directions, and every count are the model's.
async fn assert_is(things: &Things, model: &Model) {
    things.assert_counted().await;
    for order in 0..2 {
        for descending in [false, true] {
            let all = sorted(model, order, descending);
            for size in [3, 50] {
                for skip in (0..=count(&all)).step_by(usize::try_from(size).unwrap()) {
                    let expected = (cut(&all, skip, size), count(&all));
                    assert_eq!(things.page(order, descending, skip, size).await, expected);
                }
            }
        }
    }
}

/// Makes changes at once beside things that nobody touches. Asserts that no walk misses or repeats one of these, and
/// that all is as the model says in the end.
async fn change_at_once(things: &Things, changes: &[Vec<Change>], untouched: Model) {
    // Each task has its own ids, so that the result is certain; but all ids share the same buckets.
    let own = |task: u32, id: u32| id * STRIDE + task;
    let untouched: Model = untouched.into_iter().map(|(id, group)| (own(TASKS, id), group)).collect();
    things.insert_many(&sorted(&untouched, 0, false)).await.unwrap();
    let tasks = changes.iter().zip(0..).map(|(changes, task)| {
        let (things, untouched) = (things.clone(), &untouched);
        async move {
            let mut model = Model::new();
            for change in changes {
                let change = match change {
                    Change::Insert(id, group) => Change::Insert(own(task, *id), *group),
                    Change::InsertMany(rows) => {
                        Change::InsertMany(rows.iter().map(|(id, group)| (own(task, *id), *group)).collect())
                    }
                    Change::Remove(id) => Change::Remove(own(task, *id)),
                    Change::Move(id, group) => Change::Move(own(task, *id), *group),
                    // A page may or may not hold what other tasks change meanwhile. No row is in it twice.
                    Change::Page { order, descending, skip, size } => {
                        let (rows, _) = things.page(*order, *descending, *skip, *size).await;
                        assert_ordered(&rows, *order, *descending);
                        continue;
                    }
                    Change::Range { order, descending, from, to, skip, size } => {
                        let range = range(*order, *from, *to);
                        let (rows, _) = things.page_of(*order, *descending, &range, *skip, *size).await;
                        assert_ordered(&rows, *order, *descending);
                        assert!(rows.iter().all(|row| is_in(&range, &row.keys()[*order])), "{rows:?}");
                        continue;
                    }
                    Change::Walk { order, descending, from, to, skip, size } => {
                        let scale = if *order == 0 { STRIDE } else { 1 };
                        let range = range(*order, from * scale, to * scale);
                        let mut rows = things.walk(*order, *descending, &range, *skip, *size).await;
                        assert_ordered(&rows, *order, *descending);
                        let mut expected = sorted_in(untouched, &range, *order, *descending);
                        // What others add and remove moves a page that is asked for by its number. From where
                        // it begins, nothing may be missing.
                        if *skip > 0 {
                            let Some(first) = rows.first().map(|row| row.keys()[*order].clone()) else { continue };
                            expected.retain(|thing| {
                                let key = &thing.keys()[*order];
                                if *descending { *key <= first } else { *key >= first }
                            });
                        }
                        rows.retain(|row| untouched.contains_key(&row.id));
                        assert_eq!(rows, expected, "{change:?}");
                        continue;
                    }
                };
                apply(&things, &mut model, &change).await;
            }
            model
        }
    });
    let models = join_all(tasks).await;
    let model = models.into_iter().flatten().chain(untouched).collect();
    assert_is(things, &model).await;
    things.settle().await;
    things.assert_settled().await;
    assert_is(things, &model).await;
}

/// Runs as many cases as `PROPTEST_CASES` says. The default is small, for everyday runs.
fn config() -> Config {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(6);
    Config { cases, failure_persistence: None, ..Config::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn one_change_after_the_other_is_as_the_model_says(changes in vec(change(), 1..40)) {
        run(async {
            let (things, mut model) = (Things::new(Way::Direct).await, Model::new());
            for change in &changes {
                apply(&things, &mut model, change).await;
            }
            assert_is(&things, &model).await;
            things.assert_balanced().await;
            things.assert_settled().await;
        });
    }

    #[test]
    fn changes_at_once_end_as_the_model_says_and_no_walk_misses_or_repeats_a_thing_that_nobody_touches(
        changes in vec(vec(change(), 1..12), 4),
        untouched in btree_map(0..24_u32, 0..6_u32, 0..12),
        through in any::<bool>(),
        fenced in any::<bool>(),
    ) {
        let way = if through { Way::ThroughConflicts } else { Way::Direct };
        run(async {
            let things = Things::new(way).await;
            let things = if fenced { things } else { things.without_fences() };
            change_at_once(&things, &changes, untouched).await;
        });
    }

    #[test]
    fn commits_that_readers_see_half_done_let_no_walk_miss_or_repeat_a_thing_that_nobody_touches(
        changes in vec(vec(change(), 1..12), 4),
        untouched in btree_map(0..24_u32, 0..6_u32, 0..12),
    ) {
        run(async { change_at_once(&Things::new(Way::HalfSeen).await, &changes, untouched).await });
    }

    #[test]
    fn a_split_races_with_an_insert_and_a_removal_in_opposite_halves(
        ids in proptest::sample::subsequence((10..30_u32).collect::<Vec<_>>(), 4),
        low in any::<bool>(),
        through in any::<bool>(),
        fenced in any::<bool>(),
    ) {
        let way = if through { Way::ThroughConflicts } else { Way::Direct };
        run(async {
            let things = Things::new(way).await;
            let things = if fenced { things } else { things.without_fences() };
            let thing = |id| Thing { id, group_number: id % 3 };
            for id in &ids {
                things.insert(&thing(*id)).await.unwrap();
            }
            // The bucket is full, so that one more thing splits it. Meanwhile the lowest is removed and a higher one is
            // inserted, or the highest is removed and a lower one is inserted.
            let (comes, goes) = if low { (30, ids[0]) } else { (5, ids[3]) };
            let (one, other, gone) = (thing(40), thing(comes), goes);
            let (split, came, went) = tokio::join!(things.insert(&one), things.insert(&other), things.remove(gone));
            assert_eq!((split.unwrap(), came.unwrap(), went.unwrap()), (true, true, true));
            let mut model: Model = ids.iter().filter(|id| **id != goes).map(|id| (*id, id % 3)).collect();
            model.insert(comes, comes % 3);
            model.insert(40, 40 % 3);
            assert_is(&things, &model).await;
        });
    }
}
