//! The matrix as the checked-in file has it, and as the guide to authentication does.

use std::{env, fs, iter};

use super::{Matrix, callers::Kind, is_success};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/policy_matrix.md");
const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/authentication.md");

const HEAD: &str = "\
# Policy matrix

The status of each operation's answer to each kind of caller, whose request is one that succeeds for whoever may make it.
`UPDATE_SNAPSHOTS=1 cargo test --test api policy_matrix` writes this file, and without the variable compares it with the API.
The same command writes the table of callers with a good credential in [the guide](../docs/authentication.md#who-may-call-what).

";

/// What stands around the guide's part.
const BEGIN: &str =
    "<!-- `UPDATE_SNAPSHOTS=1 cargo test --test api policy_matrix` writes the lines from here on. -->\n";
const END: &str = "<!-- What the command writes ends here. -->\n";

/// The matrix as a Markdown table after a legend of its columns, of which each is of one kind; what succeeds is bold.
fn of_the_file(matrix: &Matrix) -> String {
    let columns = Kind::ALL.map(|kind| vec![kind]);
    let cell = |status| if is_success(status) { format!("**{status}**") } else { status.to_string() };
    format!("{HEAD}{}\n{}", legend(&columns), table(matrix, &columns, cell))
}

/// The part of the matrix that the guide has: the callers whose credential is good. Kinds that every operation answers
/// alike share a column.
fn of_the_guide(matrix: &Matrix) -> String {
    let cell = |status| if is_success(status) { "yes".to_owned() } else { status.to_string() };
    let mut columns: Vec<Vec<Kind>> = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| kind.has_a_good_credential()) {
        let is_alike = |other: Kind| matrix.values().all(|statuses| cell(statuses[&kind]) == cell(statuses[&other]));
        match columns.iter().position(|kinds| is_alike(kinds[0])) {
            Some(place) => columns[place].push(kind),
            None => columns.push(vec![kind]),
        }
    }
    format!("\n{}\n{}\n", legend(&columns), table(matrix, &columns, cell))
}

fn legend(columns: &[Vec<Kind>]) -> String {
    let lines = columns.iter().flatten().map(|kind| {
        let (name, meaning) = kind.legend();
        format!("- **{name}**: {meaning}\n")
    });
    lines.collect::<Vec<_>>().concat()
}

fn table(matrix: &Matrix, columns: &[Vec<Kind>], cell: impl Fn(u16) -> String) -> String {
    let head = columns.iter().map(|kinds| kinds.iter().map(|kind| kind.legend().0).collect::<Vec<_>>().join(" or "));
    let mut rows: Vec<Vec<String>> = vec![iter::once("operation".to_owned()).chain(head).collect()];
    for (row, statuses) in matrix {
        let purpose = if row.purpose.is_empty() { String::new() } else { format!(", {}", row.purpose) };
        let cells = columns.iter().map(|kinds| cell(statuses[&kinds[0]]));
        rows.push(iter::once(format!("`{}`{purpose}", row.operation())).chain(cells).collect());
    }
    let longest = |place: usize| rows.iter().map(|row| row[place].len()).max().unwrap_or_default();
    let widths: Vec<_> = (0..=columns.len()).map(longest).collect();
    rows.insert(1, widths.iter().map(|width| "-".repeat(*width)).collect());
    let padded = rows.iter().map(|row| {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("| {} |\n", cells.join(" | "))
    });
    padded.collect::<Vec<_>>().concat()
}

/// Compares the file and the guide's part with what is to be in them; or writes both, where `UPDATE_SNAPSHOTS` is set.
pub(super) fn compare(matrix: &Matrix) {
    compare_file(FILE, &of_the_file(matrix));
    let guide = fs::read_to_string(GUIDE).unwrap();
    let (before, rest) = guide.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    compare_file(GUIDE, &format!("{before}{BEGIN}{}{END}{after}", of_the_guide(matrix)));
}

fn compare_file(file: &str, made: &str) {
    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(file, made).unwrap();
        return;
    }
    let checked_in = fs::read_to_string(file).unwrap();
    let news: Vec<_> = made.lines().filter(|line| !checked_in.lines().any(|other| other == *line)).collect();
    let news = news.join("\n");
    assert!(checked_in == made, "write the tables anew with UPDATE_SNAPSHOTS=1, and review them; {file}:\n{news}");
}
