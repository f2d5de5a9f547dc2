//! The figures of a run, as a table.

use faults::FaultKind;

use crate::{acknowledged::Effects, args::Args, exceptions::Exception, invariants, run::Run, verdicts::Report};

/// The longest time in which a call may be answered, in seconds: two before its Lambda is killed.
pub(crate) const MOST_SECONDS: u64 = 27;
/// Lines that are shown of each kind of fault.
const SHOWN: usize = 20;

/// What the checkers found.
pub(crate) struct Findings {
    pub(crate) invariants: Vec<(&'static str, Vec<String>)>,
    pub(crate) effects: Effects,
    pub(crate) report: Report,
    pub(crate) items: usize,
    /// What functions logged as errors.
    pub(crate) errors: Vec<String>,
}

impl Findings {
    pub(crate) fn half_states(&self) -> usize {
        self.invariants.iter().map(|(_, faults)| faults.len()).sum()
    }
}

/// Prints all of it.
pub(crate) fn print(args: &Args, run: &Run, findings: &Findings) {
    let row = |name: &str, value: String| println!("{name:<44} {value:>10}");
    let tally = run.api.tally();
    let plan = run.stage.faults.plan();
    println!("\nfault rate {} %, seed {}, {} clients", args.faults, args.seed, args.clients);
    row("calls", tally.calls().to_string());
    row("calls of the table", plan.calls().to_string());
    #[expect(clippy::cast_precision_loss, reason = "a figure of two digits")]
    row("calls of the table a call", format!("{:.1}", plan.calls() as f64 / tally.calls().max(1) as f64));
    let met = plan.met();
    let injected: u64 = met.iter().filter(|(kind, _)| **kind != FaultKind::Conflict).map(|(_, count)| count).sum();
    row("faults", injected.to_string());
    for kind in FaultKind::ALL {
        row(&format!("  {kind:?}"), met.get(&kind).copied().unwrap_or_default().to_string());
    }
    row("kills", run.kills.to_string());
    row("restarts of the engine", args.restarts.to_string());
    row("acknowledged writes", tally.acknowledged().to_string());
    row("lost", findings.effects.lost.len().to_string());
    row("doubled", findings.effects.doubled.len().to_string());
    row("half states", findings.half_states().to_string());
    row("500s", tally.failed().to_string());
    row("503s", tally.unavailable().to_string());
    row("calls whose function was killed", tally.killed().to_string());
    let (longest, which) = tally.longest();
    row("longest call, in seconds", format!("{:.1}", longest.as_secs_f64()));
    let (mails, again) = run.stage.mails.counts();
    row("mails sent", mails.to_string());
    row("  of them once more", again.to_string());
    let walks: u64 = run.arenas.iter().map(|arena| arena.walked.load(std::sync::atomic::Ordering::SeqCst)).sum();
    row("walks of a list", walks.to_string());
    row("items in the table", findings.items.to_string());
    row("invariants", invariants::COUNT.to_string());
    println!("the longest call: {which}");

    println!("\n{:<32} {:>9} {:>7} {:>8} {:>9} {:>10}", "histories", "", "calls", "unknown", "violated", "undecided");
    for (model, verdicts) in &findings.report.models {
        let crate::verdicts::Verdicts { histories, calls, unknown, violated, undecided } = verdicts;
        println!("{model:<32} {histories:>9} {calls:>7} {unknown:>8} {violated:>9} {undecided:>10}");
    }
    println!("exceptions: {:?}", Exception::ALL);
    if run.stage.faults.sabotaged() > 0 {
        println!("broken on purpose: {}", run.stage.faults.sabotaged());
    }

    show("answers", &tally.complaints());
    show("logs", &findings.errors);
    for (name, faults) in &findings.invariants {
        show(name, faults);
    }
    show("lost", &findings.effects.lost);
    show("doubled", &findings.effects.doubled);
    show("histories", &findings.report.faults);
}

fn show(what: &str, faults: &[String]) {
    if faults.is_empty() {
        return;
    }
    println!("\nWRONG, {what}: {}", faults.len());
    for fault in faults.iter().take(SHOWN) {
        println!("  {fault}");
    }
}
