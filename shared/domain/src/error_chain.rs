//! Errors with their causes, for the log.

use std::{error::Error, fmt::Write};

/// Returns an error's text, followed by the text of each of its causes.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}
