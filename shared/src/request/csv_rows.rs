//! A CSV file as JSON objects (RFC 4180), so that its cells are read as a JSON body's fields are.

use std::collections::BTreeSet;

use csv::{ReaderBuilder, StringRecord};
use domain::field_error::FieldCode;
use serde_json::Value;

use super::{Fields, FromFields, JsonObject, Row, body::invalid, rows::require_few};
use crate::problem::{FieldErrors, Problem};

/// A last line that no file has. A quotation mark that is never closed swallows it.
const END: &str = "\n\u{0}end";

/// Reads the rows below the header line. One that has another number of cells than the header is bad; an empty cell is
/// a field that isn't sent, and an empty line is no row.
pub(super) fn objects<T: Row>(text: &[u8]) -> Result<Vec<Result<JsonObject, FieldErrors>>, Problem> {
    let text = str::from_utf8(text).map_err(|_| invalid("The file must be UTF-8."))?;
    let text = format!("{text}{END}");
    let mut records = records(&text, delimiter(&text))?;
    if records.pop().is_none_or(|last| last.iter().ne([END.trim_start()])) {
        return Err(invalid("A quotation mark is opened in the file and never closed."));
    }
    let mut records = records.into_iter();
    let header = records.next().ok_or_else(|| invalid("The file needs a header line that names its columns."))?;
    let header: Vec<_> = header.iter().map(str::trim).collect();
    require_columns::<T>(&header)?;
    require_few(records.len())?;
    Ok(records.map(|cells| object::<T>(&header, &cells)).collect())
}

fn records(text: &str, delimiter: u8) -> Result<Vec<StringRecord>, Problem> {
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    reader.records().collect::<Result<_, _>>().map_err(|_| invalid("The file is no CSV."))
}

/// A spreadsheet writes `;` where the comma is the decimal point. The header says which: names of columns hold neither.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().find(|line| !line.is_empty()).unwrap_or_default();
    if header.contains(';') && !header.contains(',') { b';' } else { b',' }
}

/// Refuses a file that has a column which the rows don't have, has one twice, or lacks one that each row needs.
fn require_columns<T: FromFields>(header: &[&str]) -> Result<(), Problem> {
    let cells = header.iter().map(|name| ((*name).to_owned(), "?".to_owned()));
    let Err(mut errors) = Fields::read::<T>(JsonObject::of_parameters(cells)) else { return Ok(()) };
    let of_header = [FieldCode::UnknownField, FieldCode::Repeated];
    errors.retain(|name, errors| {
        let is_missing = !header.iter().any(|column| column.eq_ignore_ascii_case(name));
        errors.retain(|error| is_missing || of_header.contains(&error.code));
        !errors.is_empty()
    });
    if errors.is_empty() { Ok(()) } else { Err(Problem::fields(errors)) }
}

fn object<T: Row>(header: &[&str], cells: &StringRecord) -> Result<JsonObject, FieldErrors> {
    if cells.len() != header.len() {
        let count = format!("has {} cells, and the header has {}", cells.len(), header.len());
        return Err(FieldErrors::from([("Row".into(), vec![FieldCode::CellCount.says(count)])]));
    }
    let values = header.iter().zip(cells).filter(|(_, cell)| !cell.is_empty());
    let values = values.map(|(name, cell)| ((*name).to_owned(), value::<T>(name, cell)));
    Ok(JsonObject { values: values.collect(), repeated: BTreeSet::new() })
}

fn value<T: Row>(column: &str, cell: &str) -> Value {
    let is_boolean = T::BOOLEANS.iter().any(|name| name.eq_ignore_ascii_case(column));
    match cell.trim().to_ascii_lowercase().as_str() {
        "true" if is_boolean => Value::Bool(true),
        "false" if is_boolean => Value::Bool(false),
        _ => Value::String(cell.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct Thing;

    impl FromFields for Thing {
        fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
            fields.declare(&["Name", "City", "Open"]);
            let name = fields.required("Name", Ok);
            fields.text("City", Ok).optional()?;
            fields.boolean("Open").optional()?;
            name.map(|_: String| Self)
        }
    }

    impl Row for Thing {
        const BOOLEANS: &'static [&'static str] = &["Open"];
    }

    fn read(text: &str) -> Vec<Value> {
        let rows = objects::<Thing>(text.as_bytes()).unwrap();
        rows.into_iter().map(|row| Value::Object(row.unwrap().values)).collect()
    }

    /// The names and sentences of a refused file, or its detail.
    fn refusal(text: &[u8]) -> String {
        let problem = objects::<Thing>(text).err().unwrap();
        let fields: Vec<_> = problem.field_errors().map(|(name, says)| format!("{name} {says}")).collect();
        if fields.is_empty() { problem.shown_detail().unwrap().to_owned() } else { fields.join("; ") }
    }

    #[test]
    fn cells_are_fields_by_the_names_of_the_header() {
        let (comma, semicolon) = ("Name,CITY,open\r\n", "Name;CITY;open\n");
        for (header, row) in [(comma, "\"a, \"\"b\"\"\nc\",d,TRUE"), (semicolon, "\"a, \"\"b\"\"\nc\";d;TRUE")] {
            for end in ["", "\n", "\r\n\r\n"] {
                let rows = read(&format!("{header}{row}{end}"));
                assert_eq!(rows, [json!({"Name": "a, \"b\"\nc", "CITY": "d", "open": true})]);
            }
        }
        assert_eq!(read("Name,City\n x ,\n\ntrue,\"\"\n"), [json!({"Name": " x "}), json!({"Name": "true"})]);
        assert_eq!(read(" Name \n1\n"), [json!({"Name": "1"})]);
        assert_eq!(read("Name,Open\na,maybe\n"), [json!({"Name": "a", "Open": "maybe"})]);
        assert_eq!(read("Name"), [Value::Null; 0]);
    }

    #[test]
    fn a_row_with_another_number_of_cells_is_bad_alone() {
        let rows = objects::<Thing>(b"Name,City\na\nb,c\nd,e,f\n").unwrap();
        let says = rows.into_iter().map(|row| row.err().map(|errors| errors["Row"][0].message.to_string()));
        let (few, many) = ("has 1 cells, and the header has 2", "has 3 cells, and the header has 2");
        assert_eq!(says.collect::<Vec<_>>(), [Some(few.to_owned()), None, Some(many.to_owned())]);
    }

    #[test]
    fn a_file_that_is_none_is_refused_as_a_whole() {
        let many = format!("Name\n{}", "a\n".repeat(1_001));
        let cases: [(&[u8], &str); 8] = [
            (b"\n", "The file needs a header line that names its columns."),
            (b"Name\n\xff\n", "The file must be UTF-8."),
            (b"Name\n\"a\nb\n", "A quotation mark is opened in the file and never closed."),
            (b"Name,Citty\na,b\n", "Citty is no field of this request; did you mean City?"),
            (b"Name,name\na,b\n", "Name must be given once"),
            (
                b"Name;City,x\n",
                "Name is required; Name;City is no field of this request; x is no field of this request",
            ),
            (b"City\nb\n", "Name is required"),
            (many.as_bytes(), "Rows must be at most 1000, and there are 1001"),
        ];
        for (text, says) in cases {
            assert_eq!(refusal(text), says, "{}", String::from_utf8_lossy(text));
        }
    }
}
