//! Reads a CSV file in chunks that one call takes, so that a file of any size needs the memory of a few.

use std::{
    cell::Cell,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    rc::Rc,
};

use csv::{ByteRecord, Position, Reader, ReaderBuilder, Writer, WriterBuilder};

use crate::Failure;

/// Bytes of one call. Cells that have to be quoted may take more than in the file.
const MAX_BYTES: usize = 800 * 1024;
/// The longest row. A quotation mark that is never closed would make one row of the whole rest.
const MAX_ROW_BYTES: u64 = 1024 * 1024;
/// The columns that a file of rejected rows has in addition. A mended one can be imported as it is.
pub(crate) const ADDED_COLUMNS: [&str; 2] = ["Row", "Reasons"];

/// The rows of a file, from some row on.
pub(crate) struct Chunks {
    reader: Reader<Limited>,
    left_of_row: Rc<Cell<u64>>,
    pub(crate) layout: Layout,
    /// Of the row that was read too early for the chunk before.
    pending: Option<ByteRecord>,
    /// The number of the last row.
    rows: u64,
}

/// How a file writes its rows.
#[derive(Clone)]
pub(crate) struct Layout {
    pub(crate) delimiter: u8,
    /// The columns that are sent, with their names.
    columns: Vec<(usize, String)>,
    /// How many columns the file has.
    width: usize,
}

/// Some rows that one call takes.
#[derive(Default)]
pub(crate) struct Chunk {
    /// The rows, each with its number in the file.
    pub(crate) rows: Vec<(u64, ByteRecord)>,
    /// Where the rows after it begin.
    pub(crate) end: u64,
}

/// A file of which each row has a greatest length.
struct Limited {
    file: File,
    left: Rc<Cell<u64>>,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        let left = self.left.get().checked_sub(u64::try_from(read).unwrap_or(u64::MAX));
        self.left.set(left.ok_or_else(|| {
            io::Error::other("a row is longer than 1 MiB; is there a quotation mark that is never closed?")
        })?);
        Ok(read)
    }
}

impl Seek for Limited {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl Chunks {
    /// Opens a file and reads its header line.
    ///
    /// # Errors
    /// The file can't be read, or is empty.
    pub(crate) fn open(path: &std::path::Path) -> Result<Self, Failure> {
        let mut head = Vec::new();
        File::open(path)?.take(MAX_ROW_BYTES).read_to_end(&mut head)?;
        let head = head.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
        let delimiter = if head.contains(&b';') && !head.contains(&b',') { b';' } else { b',' };
        let left = Rc::new(Cell::new(2 * MAX_ROW_BYTES));
        let limited = Limited { file: File::open(path)?, left: left.clone() };
        let mut reader =
            ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(limited);
        let mut header = ByteRecord::new();
        if !reader.read_byte_record(&mut header)? {
            return Err("the file needs a header line that names its columns".into());
        }
        let name = |cell: &[u8]| String::from_utf8_lossy(cell).trim().trim_start_matches('\u{feff}').to_owned();
        let columns = header.iter().map(name).enumerate();
        let is_sent = |(_, name): &(usize, String)| !ADDED_COLUMNS.iter().any(|added| added.eq_ignore_ascii_case(name));
        let layout = Layout { delimiter, width: header.len(), columns: columns.filter(is_sent).collect() };
        Ok(Self { reader, left_of_row: left, layout, pending: None, rows: 0 })
    }

    /// Goes on at the row that begins at this offset, and is the one after so many.
    pub(crate) fn skip_to(&mut self, offset: u64, rows: u64) -> Result<(), Failure> {
        let mut position = Position::new();
        position.set_byte(offset);
        self.reader.seek(position)?;
        (self.pending, self.rows) = (None, rows);
        Ok(())
    }

    /// Where the rows that weren't read yet begin.
    pub(crate) fn offset(&self) -> u64 {
        self.reader.position().byte()
    }

    /// Reads the rows of the next call, at most `max_rows`; none at the end of the file.
    pub(crate) fn next(&mut self, max_rows: usize) -> Result<Chunk, Failure> {
        let (mut chunk, mut bytes) = (Chunk { rows: Vec::new(), end: self.offset() }, 0);
        while chunk.rows.len() < max_rows {
            let row = if let Some(row) = self.pending.take() {
                row
            } else {
                let mut row = ByteRecord::new();
                self.left_of_row.set(2 * MAX_ROW_BYTES);
                if !self.reader.read_byte_record(&mut row)? {
                    break;
                }
                row
            };
            let length = row.as_slice().len() + 3 * row.len();
            if bytes + length > MAX_BYTES && !chunk.rows.is_empty() {
                self.pending = Some(row);
                break;
            }
            bytes += length;
            self.rows += 1;
            chunk.rows.push((self.rows, row));
            chunk.end = self.offset();
        }
        Ok(chunk)
    }
}

impl Layout {
    /// Returns a writer of rows in this layout.
    pub(crate) fn writer<W: io::Write>(&self, to: W) -> Writer<W> {
        WriterBuilder::new().flexible(true).delimiter(self.delimiter).from_writer(to)
    }

    /// The names of the columns that are sent.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(_, name)| name.as_str())
    }

    /// The cells of a row that are sent.
    pub(crate) fn cells<'a>(&'a self, row: &'a ByteRecord) -> impl Iterator<Item = &'a [u8]> {
        self.columns.iter().map(|(place, _)| row.get(*place).unwrap_or_default())
    }

    /// Says why a row can't be sent, if it can't.
    pub(crate) fn fault(&self, row: &ByteRecord) -> Option<String> {
        if row.len() != self.width {
            return Some(format!("Row has {} cells, and the header has {}", row.len(), self.width));
        }
        str::from_utf8(row.as_slice()).is_err().then(|| "Row is not UTF-8".to_owned())
    }

    /// A file of these rows, as one call takes it.
    pub(crate) fn file<'a>(&self, rows: impl IntoIterator<Item = &'a ByteRecord>) -> Result<Vec<u8>, Failure> {
        let mut writer = self.writer(Vec::new());
        writer.write_record(self.names())?;
        for row in rows {
            writer.write_record(self.cells(row))?;
        }
        Ok(writer.into_inner().map_err(|error| error.to_string())?)
    }
}
