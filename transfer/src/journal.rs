//! How far an import is, in a file beside the imported one, so that it goes on there after a stop.
//!
//! A chunk is acknowledged in this order: its rejected rows are on disk, then the journal names how much of either file
//! is done. Where the command ends between the two, it sends the chunk again and writes its rejected rows again, over
//! those that the journal doesn't know. To send rows again changes nothing.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read, Write},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use serde::{Deserialize, Serialize};
use shared::digest::sha256_hex;

use crate::{Failure, kind::Kind};

/// So much of a file's beginning tells it from others, beside its size and the time of its last change.
const HEAD_BYTES: u64 = 64 * 1024;

/// How far an import is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// What is imported where.
    import: String,
    /// Where the rows that aren't done begin.
    pub(crate) offset: u64,
    /// How many rows are done.
    pub(crate) rows: u64,
    pub(crate) written: u64,
    pub(crate) unchanged: u64,
    pub(crate) rejected: u64,
    /// How long the file of rejected rows is.
    pub(crate) rejected_bytes: u64,
}

/// The journal of an import.
pub(crate) struct Journal {
    path: PathBuf,
}

impl Journal {
    /// The journal of a file's import, and how far it is.
    ///
    /// # Errors
    /// The journal is of another import: another file was here, or it went elsewhere.
    pub(crate) fn open(file: &Path, kind: Kind, url: &str, restart: bool) -> Result<(Self, Progress), Failure> {
        let journal = Self { path: beside(file, "journal") };
        let import = fingerprint(file, kind, url)?;
        let known = match fs::read(&journal.path) {
            _ if restart => None,
            Ok(known) => Some(serde_json::from_slice::<Progress>(&known)?),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        match known {
            Some(known) if known.import != import => Err(format!(
                "{} is of another import: the file, its kind or the address has changed since; --restart begins anew",
                journal.path.display()
            )
            .into()),
            Some(known) => Ok((journal, known)),
            None => Ok((journal, Progress { import, ..Progress::default() })),
        }
    }

    /// Notes how far the import is. The journal is either as before or as now, whenever the process ends.
    pub(crate) fn note(&self, progress: &Progress) -> Result<(), Failure> {
        let next = self.path.with_extension("journal-next");
        let mut file = File::create(&next)?;
        file.write_all(&serde_json::to_vec(progress)?)?;
        file.sync_data()?;
        Ok(fs::rename(next, &self.path)?)
    }

    /// Forgets the import, which is done.
    pub(crate) fn end(self) -> Result<(), Failure> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// The path of a file with one more extension.
pub(crate) fn beside(file: &Path, extension: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

/// A hash of what is imported where.
fn fingerprint(path: &Path, kind: Kind, url: &str) -> Result<String, Failure> {
    let file = File::open(path)?;
    let (size, changed) = (file.metadata()?.len(), file.metadata()?.modified()?.duration_since(UNIX_EPOCH)?.as_nanos());
    let mut head = Vec::new();
    file.take(HEAD_BYTES).read_to_end(&mut head)?;
    let (size, changed) = (size.to_string(), changed.to_string());
    Ok(sha256_hex(&[kind.name(), url, &size, &changed, &String::from_utf8_lossy(&head)]))
}
