//! What is derived: written by `generate`, compared by `check`.

mod breaking;
mod catalogue;
mod error;
mod examples;
mod function;
mod policy;
mod properties;
mod region;
mod scale;
mod site;
mod template;
mod watch;

use std::{
    fs,
    path::{Path, PathBuf},
};

pub use error::Error;
use function::Function;
pub use site::{anchor, write_site};

/// Writes each file that holds something derived.
///
/// # Errors
/// A file can't be read or written, or has no place for what belongs there.
pub fn generate() -> Result<(), Error> {
    for (file, text) in derived()? {
        if read(file)? != text {
            fs::write(path(file), text).map_err(|error| Error::File { file: file.to_owned(), error })?;
        }
    }
    Ok(())
}

/// Compares each file that holds something derived with what it would be.
///
/// # Errors
/// A file differs or can't be read, or has no place for what belongs there.
pub fn check() -> Result<(), Error> {
    let mut outdated = Vec::new();
    for (file, text) in derived()? {
        if read(file)? != text {
            outdated.push(file);
        }
    }
    if outdated.is_empty() { Ok(()) } else { Err(Error::Outdated(outdated.join(", "))) }
}

/// Compares the document with that of the last release: what may break a client must be named in the change log.
///
/// # Errors
/// Something isn't named, or a file can't be read.
pub fn check_compatibility() -> Result<(), Error> {
    let (old, new) = (read(RELEASED)?, read("openapi.json")?);
    let change_log = read("CHANGELOG.md")?;
    let unreleased = change_log.split("\n## ").find(|part| part.starts_with("Unreleased")).unwrap_or_default();
    let changes = breaking::changes(&serde_json::from_str(&old)?, &serde_json::from_str(&new)?);
    let unnamed: Vec<_> = changes.into_iter().filter(|change| !unreleased.contains(&format!("`{change}`"))).collect();
    if unnamed.is_empty() { Ok(()) } else { Err(Error::Breaking(unnamed.join("\n"))) }
}

/// Returns what the bundle needs at a load, in Markdown: rates in requests a second, costs in USD a month.
#[must_use]
pub fn scale() -> String {
    scale::report()
}

/// The document of the last release.
const RELEASED: &str = "docs/openapi-released.json";

/// Each file that holds something derived, with the text that it should have.
fn derived() -> Result<[(&'static str, String); 5], Error> {
    let functions = Function::all()?;
    Ok([
        ("openapi.json", document()?),
        ("functions/organizations/page/problems.html", catalogue::page()?),
        ("docs/scale.md", region::filled_markdown(&read("docs/scale.md")?, "scale", &scale())?),
        ("Cargo.toml", watch::manifest(&read("Cargo.toml")?, &functions)?),
        ("template.yaml", template::template(&read("template.yaml")?, &functions)?),
    ])
}

/// The document with its examples.
fn document() -> Result<String, Error> {
    let mut document = serde_json::to_value(local::document()?)?;
    examples::add(&mut document)?;
    Ok(serde_json::to_string_pretty(&serde_json::from_value::<local::Document>(document)?)? + "\n")
}

/// Where a file of the repository is.
fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)
}

fn read(file: &str) -> Result<String, Error> {
    fs::read_to_string(path(file)).map_err(|error| Error::File { file: file.to_owned(), error })
}

/// The text of a file that may not be there.
fn try_read(file: &str) -> Result<Option<String>, Error> {
    if path(file).exists() { read(file).map(Some) } else { Ok(None) }
}
