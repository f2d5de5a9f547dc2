//! The rows that were rejected, in a file beside the imported one: their columns, their number and the reasons.

use std::{
    fs::{File, OpenOptions},
    io::{Seek, SeekFrom, Write},
    path::PathBuf,
};

use csv::ByteRecord;

use crate::{
    Failure,
    chunks::{ADDED_COLUMNS, Layout},
};

/// The file of rejected rows, which is there once one is rejected.
pub(crate) struct Rejected {
    path: PathBuf,
    layout: Layout,
    file: Option<File>,
    bytes: u64,
}

impl Rejected {
    /// Goes on in the file after so many bytes. What is beyond was never acknowledged.
    pub(crate) fn open(path: PathBuf, layout: &Layout, bytes: u64) -> Result<Self, Failure> {
        let mut file = None;
        if path.exists() {
            let mut opened = OpenOptions::new().write(true).open(&path)?;
            opened.set_len(bytes)?;
            opened.seek(SeekFrom::Start(bytes))?;
            file = Some(opened);
        }
        Ok(Self { path, layout: layout.clone(), file, bytes })
    }

    /// Adds rows, each with its number and the reasons. Returns the length of the file, which is on disk by then.
    pub(crate) fn add(&mut self, rows: &[(u64, &ByteRecord, String)]) -> Result<u64, Failure> {
        if rows.is_empty() {
            return Ok(self.bytes);
        }
        let mut writer = self.layout.writer(Vec::new());
        if self.bytes == 0 {
            writer.write_record(self.layout.names().chain(ADDED_COLUMNS))?;
        }
        for (number, row, reasons) in rows {
            let number = number.to_string();
            writer.write_record(self.layout.cells(row).chain([number.as_bytes(), reasons.as_bytes()]))?;
        }
        let text = writer.into_inner().map_err(|error| error.to_string())?;
        let file = match &mut self.file {
            Some(file) => file,
            file => file.insert(File::create(&self.path)?),
        };
        file.write_all(&text)?;
        file.sync_data()?;
        self.bytes += u64::try_from(text.len())?;
        Ok(self.bytes)
    }

    /// Removes the file of an earlier import, where this one rejected nothing.
    pub(crate) fn end(self) -> Result<(), Failure> {
        if self.bytes == 0 && self.path.exists() {
            std::fs::remove_file(&self.path)?;
        }
        Ok(())
    }
}
