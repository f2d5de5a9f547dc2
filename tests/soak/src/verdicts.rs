//! Whether each history has an order, summed up by model.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    arena::Arena,
    history::History,
    linearize::{Model, Verdict},
};

/// The verdicts on the histories of one model.
#[derive(Default)]
pub(crate) struct Verdicts {
    pub(crate) histories: usize,
    pub(crate) calls: usize,
    pub(crate) unknown: usize,
    pub(crate) violated: usize,
    pub(crate) undecided: usize,
}

/// The verdicts by model, and what the violated histories say.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) models: BTreeMap<&'static str, Verdicts>,
    pub(crate) faults: Vec<String>,
    pub(crate) with_histories: bool,
}

/// Calls of a violated history that are shown unless all are.
const SHOWN: usize = 12;

impl Report {
    /// Checks every history of the arenas.
    pub(crate) fn of(arenas: &[Arc<Arena>], with_histories: bool) -> Self {
        let mut report = Self { with_histories, ..Self::default() };
        for arena in arenas {
            report.add(arena.number, &arena.admins);
            report.add(arena.number, &arena.names);
            report.add(arena.number, &arena.tiers);
            for history in arena.listed.iter().chain(&arena.in_tokens) {
                report.add(arena.number, history);
            }
            let singles = [&arena.invitations, &arena.machines].map(|singles| singles.lock().unwrap().clone());
            for single in singles.iter().flatten() {
                report.add(arena.number, &single.history);
            }
            for walk in arena.walks.lock().unwrap().iter() {
                report.faults.push(format!("arena {}: {walk}", arena.number));
            }
        }
        report
    }

    fn add<M: Model>(&mut self, arena: u64, history: &History<M>) {
        let verdict = history.check();
        let verdicts = self.models.entry(M::NAME).or_default();
        verdicts.histories += 1;
        verdicts.calls += history.len();
        verdicts.unknown += history.unknown();
        match verdict {
            Verdict::Linearizable => {}
            Verdict::Undecided => verdicts.undecided += 1,
            Verdict::Violated(left) => {
                verdicts.violated += 1;
                let shown = if self.with_histories { usize::MAX } else { SHOWN };
                let lines: Vec<_> = left.into_iter().take(shown).collect();
                let all = if self.with_histories { history.lines().join("\n    ") } else { String::new() };
                self.faults.push(format!(
                    "arena {arena}: the {} have no order; not reached:\n    {}\n    {all}",
                    M::NAME,
                    lines.join("\n    ")
                ));
            }
        }
    }

    /// How many histories have no order, and how many walks lost a row.
    pub(crate) fn violations(&self) -> usize {
        self.faults.len()
    }
}
