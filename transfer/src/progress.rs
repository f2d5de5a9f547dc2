//! How far an import is, for the person who waits: a bar on a terminal, and a line every few seconds elsewhere.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{Failure, journal::Progress};

/// Between two lines, where there is no terminal.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// Shows how far an import is.
pub(crate) struct Shown {
    bar: Option<ProgressBar>,
    bytes: u64,
    begun: Instant,
    rows_before: u64,
    last_line: Instant,
}

impl Shown {
    /// Begins to show an import of so many bytes, of which some may be done.
    pub(crate) fn new(bytes: u64, done: &Progress) -> Result<Self, Failure> {
        let bar = if io::stderr().is_terminal() {
            let style = ProgressStyle::with_template("{wide_bar} {percent}%, {msg}, {eta} left")?;
            let bar = ProgressBar::new(bytes).with_style(style).with_position(done.offset);
            bar.reset_eta();
            Some(bar)
        } else {
            None
        };
        let now = Instant::now();
        Ok(Self { bar, bytes, begun: now, rows_before: done.rows, last_line: now })
    }

    /// Shows how far the import is now.
    pub(crate) fn show(&mut self, done: &Progress) {
        #[expect(clippy::cast_precision_loss, reason = "a rate is shown, not counted with")]
        let rate = (done.rows - self.rows_before) as f64 / self.begun.elapsed().as_secs_f64().max(0.001);
        let text = format!("{} rows, {} rejected, {rate:.0} rows/s", done.rows, done.rejected);
        match &self.bar {
            Some(bar) => {
                bar.set_message(text);
                bar.set_position(done.offset);
            }
            None if self.last_line.elapsed() >= BETWEEN_LINES => {
                let percent = done.offset * 100 / self.bytes.max(1);
                // There is nowhere left to say that standard error is closed.
                let _ = writeln!(io::stderr(), "{percent} %, {text}");
                self.last_line = Instant::now();
            }
            None => {}
        }
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
