use std::io;

/// Why something derived can't be made, or isn't what it should be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// These files aren't what the code makes of them.
    #[error("not as the code has it: {0}; `cargo xtask generate` makes it anew")]
    Outdated(String),
    /// These changes may break a client of the last release.
    #[error("may break clients of the last release, and CHANGELOG.md doesn't name it under Unreleased:\n{0}")]
    Breaking(String),
    /// A file or directory can't be read or written.
    #[error("{file}: {error}")]
    File {
        /// From the top of the repository.
        file: String,
        /// Why.
        error: io::Error,
    },
    /// A text has no place for something derived.
    #[error("no `generated: begin {0}` with a `generated: end` after it")]
    NoRegion(&'static str),
    /// A function is given access to the table by hand.
    #[error("functions/{0}/function.yaml: access to the table comes from tests/access.json alone")]
    AccessByHand(String),
    /// The template of a page can't be filled.
    #[error(transparent)]
    Template(#[from] askama::Error),
    /// What is JSON can't be read or written.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}
