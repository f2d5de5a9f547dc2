//! The data directory: its lock, the signing secret, and where its files are.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use shared::ids;

/// The permissions of what holds password hashes, mailed links and secrets: for its owner alone.
const DIRECTORY_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// The place where data is kept, held for this process alone.
#[derive(Debug)]
pub(crate) struct DataDirectory {
    path: PathBuf,
    _lock: File,
}

/// Why the data directory can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// Another process uses it.
    #[error("{0} is in use by another process; stop it, or choose another place with --data-dir")]
    InUse(PathBuf),
    /// A file in it can't be read or written.
    #[error("{path}: {error}")]
    Io {
        /// What can't be read or written.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl DataDirectory {
    /// The engine's file.
    pub(crate) const DATABASE: &str = "dynamodb.sqlite";
    /// The mails that were sent.
    pub(crate) const MAILBOX: &str = "mailbox.jsonl";
    /// How far the stream was read.
    pub(crate) const STREAM_POSITION: &str = "stream-position";

    /// Takes the directory, and closes it and its files to every other user of the machine.
    pub(crate) fn open(path: &Path) -> Result<Self, DataError> {
        let failed = |error| DataError::Io { path: path.to_owned(), error };
        DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(path).map_err(failed)?;
        let lock = private_file().write(true).open(path.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DataError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // SQLite makes its files beside this one with the permissions of this one.
        private_file().append(true).open(path.join(Self::DATABASE)).map_err(failed)?;
        close_to_others(path).map_err(failed)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The secret of this name, made at the first start.
    pub(crate) fn secret(&self, name: &str) -> Result<String, DataError> {
        let path = self.file(name);
        read_or_make_secret(&path).map_err(|error| DataError::Io { path, error })
    }
}

/// Opens files that are made for their owner alone where they aren't there.
fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).mode(FILE_MODE);
    options
}

/// Whether a file of this name is ours: the engine puts `-wal`, `-shm` and `-journal` behind the database's name, and
/// [`replace`] writes aside.
fn is_ours(name: &str) -> bool {
    const NAMES: [&str; 6] = [
        "lock",
        "signing-secret",
        "link-secret",
        DataDirectory::MAILBOX,
        DataDirectory::STREAM_POSITION,
        DataDirectory::DATABASE,
    ];
    let is_of_database = || name.strip_prefix(DataDirectory::DATABASE).is_some_and(|rest| rest.starts_with('-'));
    NAMES.contains(&name.strip_suffix(".new").unwrap_or(name)) || is_of_database()
}

/// Takes away what earlier versions let other users of the machine do. A directory that holds other files too stays
/// open: with `--data-dir /tmp`, every program of every other user would be locked out of `/tmp`.
fn close_to_others(directory: &Path) -> io::Result<()> {
    let mut only_ours = true;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if !entry.file_name().to_str().is_some_and(is_ours) || !entry.file_type()?.is_file() {
            only_ours = false;
            continue;
        }
        restrict(&entry.path())?;
    }
    if only_ours { restrict(directory) } else { Ok(()) }
}

/// Leaves the owner's permissions as they are, and takes everyone else's away.
fn restrict(path: &Path) -> io::Result<()> {
    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    let owners = mode & DIRECTORY_MODE;
    if owners == mode { Ok(()) } else { fs::set_permissions(path, Permissions::from_mode(owners)) }
}

fn read_or_make_secret(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Ok(secret) => return Ok(secret),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let secret = new_secret();
    replace(path, secret.as_bytes())?;
    Ok(secret)
}

/// Writes a file aside and moves it into place, for its owner alone: a crash leaves the old content or the new.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let aside = path.with_extension("new");
    let mut file = private_file().write(true).truncate(true).open(&aside)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&aside, path)
}

/// A secret that nobody can guess: 48 characters of `a-z0-9` hold 248 bits.
pub(crate) fn new_secret() -> String {
    ids::random_id(48)
}

/// A file of lines that is only ever added to.
pub(crate) struct Journal(File);

impl Journal {
    /// Opens or makes it, and reads its lines. A last line that a crash cut short is removed: it was never
    /// acknowledged.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, Vec<String>)> {
        let mut file = private_file().read(true).append(true).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1));
        file.set_len(u64::try_from(bytes.len()).unwrap_or(u64::MAX))?;
        let text = String::from_utf8(bytes).map_err(io::Error::other)?;
        Ok((Self(file), text.lines().map(str::to_owned).collect()))
    }

    /// Adds a line, and returns when it is on the disk.
    pub(crate) fn add(&mut self, line: &str) -> io::Result<()> {
        self.0.write_all(format!("{line}\n").as_bytes())?;
        self.0.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_a_crash_cut_short_is_gone_and_the_rest_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        for cut in [&b"half"[..], b"{\"Subject\":\"\xc3"] {
            fs::write(&path, [b"one\n\xc3\xbc\n", cut].concat()).unwrap();
            let (mut journal, lines) = Journal::open(&path).unwrap();
            assert_eq!(lines, ["one", "\u{fc}"]);
            journal.add("three").unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "one\n\u{fc}\nthree\n");
        }
    }
}
