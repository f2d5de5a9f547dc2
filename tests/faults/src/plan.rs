//! Which faults calls meet: by a rate and a seed, so that a run can be repeated as far as its calls come in one order.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use rand::{RngExt, SeedableRng, distr::uniform::SampleRange, rngs::StdRng, seq::IndexedRandom};

use crate::{engine::Call, items::written_items};

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// The call is refused, since too many were made.
    Throttled,
    /// The call isn't done and the server says that it failed (500), or that it is busy (503).
    ServerError,
    /// The call is done and the server says that it failed.
    DoneButServerError,
    /// The connection is cut before the call is done.
    CutBefore,
    /// The connection is cut once the call is done.
    DoneButUnheard,
    /// The call takes its time.
    Delayed,
    /// The connection is cut or the server says that it failed, and the call is done up to some seconds later.
    LateArrival,
    /// A Query answers fewer items than it could, and where to go on.
    ShortPage,
    /// A batch of reads leaves keys out.
    UnprocessedKeys,
    /// While the transaction commits, readers see some of its items new and others old.
    HalfSeen,
    /// Another transaction has one of the call's items. Calls meet it by themselves, whatever the rate.
    Conflict,
}

impl FaultKind {
    /// Each of them.
    pub const ALL: [Self; 11] = [
        Self::Throttled,
        Self::ServerError,
        Self::DoneButServerError,
        Self::CutBefore,
        Self::DoneButUnheard,
        Self::Delayed,
        Self::LateArrival,
        Self::ShortPage,
        Self::UnprocessedKeys,
        Self::HalfSeen,
        Self::Conflict,
    ];

    /// Whether a call can meet it.
    fn can_meet(self, call: &Call) -> bool {
        let transaction = call.operation == "TransactWriteItems";
        let write = transaction || matches!(&*call.operation, "PutItem" | "UpdateItem" | "DeleteItem");
        match self {
            Self::Throttled | Self::ServerError | Self::CutBefore | Self::DoneButUnheard | Self::Delayed => true,
            Self::DoneButServerError | Self::LateArrival => write,
            Self::ShortPage => call.operation == "Query" && call.body["Limit"].as_u64().is_none_or(|limit| limit > 1),
            Self::UnprocessedKeys => call.operation == "BatchGetItem" && keys_of_batch(call) > 1,
            Self::HalfSeen => transaction && written_items(&call.body).len() > 1,
            Self::Conflict => false,
        }
    }

    /// How often it is drawn, beside the others that a call can meet.
    fn weight(self) -> usize {
        match self {
            Self::HalfSeen => 4,
            Self::ShortPage | Self::UnprocessedKeys => 2,
            _ => 1,
        }
    }
}

fn keys_of_batch(call: &Call) -> usize {
    let tables = call.body["RequestItems"].as_object().into_iter().flat_map(|tables| tables.values());
    tables.filter_map(|table| table["Keys"].as_array()).map(Vec::len).sum()
}

/// The faults of a proxy.
#[derive(Debug)]
pub struct Plan {
    percent: u32,
    only: Option<FaultKind>,
    enabled: AtomicBool,
    random: Mutex<StdRng>,
    calls: AtomicU64,
    met: Mutex<BTreeMap<FaultKind, u64>>,
}

impl Plan {
    /// A plan by which so many of a hundred calls meet a fault.
    #[must_use]
    pub fn new(percent: u32, seed: u64) -> Self {
        Self {
            percent,
            only: None,
            enabled: AtomicBool::new(true),
            random: Mutex::new(StdRng::seed_from_u64(seed)),
            calls: AtomicU64::new(0),
            met: Mutex::default(),
        }
    }

    /// A plan by which every call that can meet this fault meets it.
    #[must_use]
    pub fn always(kind: FaultKind, seed: u64) -> Self {
        Self { only: Some(kind), ..Self::new(100, seed) }
    }

    /// Turns faults on or off. Conflicts stay.
    pub fn enable(&self, enabled: bool) {
        self.enabled.store(enabled, Ordering::SeqCst);
    }

    /// Whether faults are on.
    pub fn is_enabled(&self) -> bool {
        self.enabled.load(Ordering::SeqCst)
    }

    /// The calls so far.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// The faults so far, by kind.
    ///
    /// # Panics
    /// Another thread has panicked.
    pub fn met(&self) -> BTreeMap<FaultKind, u64> {
        self.met.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, kind: FaultKind) {
        *self.met.lock().unwrap().entry(kind).or_default() += 1;
    }

    /// Counts the call, and draws the fault that it meets.
    pub(crate) fn draw(&self, call: &Call) -> Option<FaultKind> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if !self.is_enabled() || self.random(0..100) >= self.percent {
            return None;
        }
        let possible = FaultKind::ALL.into_iter().filter(|kind| kind.can_meet(call));
        let possible = possible.filter(|kind| self.only.is_none_or(|only| only == *kind));
        let drawn: Vec<_> = possible.flat_map(|kind| std::iter::repeat_n(kind, kind.weight())).collect();
        let kind = *drawn.choose(&mut self.random.lock().unwrap())?;
        self.count(kind);
        Some(kind)
    }

    pub(crate) fn random(&self, range: impl SampleRange<u32>) -> u32 {
        self.random.lock().unwrap().random_range(range)
    }

    /// A random time below so many milliseconds.
    pub(crate) fn time_below(&self, milliseconds: u32) -> Duration {
        Duration::from_micros(self.random(0..milliseconds * 1000).into())
    }

    /// A random part of the list, with at least one of its members, but not all of them, in a random order.
    pub(crate) fn part_of<T: Clone>(&self, list: &[T]) -> Vec<T> {
        let mut random = self.random.lock().unwrap();
        let count = random.random_range(1..list.len());
        list.sample(&mut random, count).cloned().collect()
    }
}
