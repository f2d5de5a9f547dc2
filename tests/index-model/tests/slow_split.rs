//! A write's caller waits for the split that follows, but never for long.

use std::time::{Duration, Instant};

use faults::gate::Gate;

use crate::fixture::{Thing, Things, Way, run};

/// Longer than a fence lasts here.
const FENCE_HAS_EXPIRED: Duration = Duration::from_millis(400);
/// The time that a split has, and some more.
const SPLIT_TIME: Duration = Duration::from_millis(2_500);

fn thing(id: u32) -> Thing {
    Thing { id, group_number: 1 }
}

/// A collection whose buckets are full, and a gate that its second value reaches it through.
async fn full_things() -> (Things, Things, Gate) {
    let things = Things::new(Way::Direct).await;
    for id in 0..4 {
        assert!(things.insert(&thing(id)).await.unwrap());
    }
    let gate = Gate::start(Things::engine()).await;
    let gated = things.by(|config| config.endpoint_url(gate.url()));
    (things, gated, gate)
}

#[test]
fn a_splitter_whose_fence_was_taken_over_ends_at_once() {
    run(async {
        let (things, gated, gate) = full_things().await;
        let of_the_split = gated.orders[0].partition.clone();
        // The first Query that reads entries is the split's: a write reads buckets alone.
        let mut held = gate.hold(move |call| call.is("Query", &of_the_split) && call.is("Query", "\"E#"));
        let fifth = thing(4);
        let mut inserted = std::pin::pin!(gated.insert(&fifth));
        tokio::select! {
            () = held.arrived() => {}
            inserted = &mut inserted => panic!("{inserted:?}"),
        }
        tokio::time::sleep(FENCE_HAS_EXPIRED).await;
        // Others find the fence expired, take it over, and split the bucket themselves.
        assert!(things.insert(&thing(5)).await.unwrap());
        held.release();
        let released = Instant::now();
        assert!(inserted.await.unwrap());
        assert!(released.elapsed() < Duration::from_millis(200), "{:?}", released.elapsed());
        assert_counted(&things, 6).await;
    });
}

#[test]
fn a_split_whose_read_is_never_answered_holds_its_write_up_for_no_longer_than_a_split_may_take() {
    run(async {
        let (things, gated, gate) = full_things().await;
        let of_the_split = gated.orders[0].partition.clone();
        let held = gate.hold(move |call| call.is("Query", &of_the_split) && call.is("Query", "\"E#"));
        let started = Instant::now();
        assert!(gated.insert(&thing(4)).await.unwrap());
        assert!(started.elapsed() < SPLIT_TIME, "{:?}", started.elapsed());
        drop(held);
        // The next write finds the fence expired, and splits the bucket.
        assert!(things.insert(&thing(5)).await.unwrap());
        assert_counted(&things, 6).await;
    });
}

async fn assert_counted(things: &Things, number: u32) {
    things.assert_counted().await;
    let expected: Vec<_> = (0..number).map(thing).collect();
    assert_eq!(things.page(0, false, 0, 100).await.0, expected);
}
