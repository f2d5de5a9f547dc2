//! The matrix as the checked-in file has it.

use std::{env, fs, iter};

use super::{Matrix, callers::Kind, is_success};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/policy_matrix.md");

const HEAD: &str = "\
# Policy matrix

The status of each operation's answer to each kind of caller, whose request is one that succeeds for whoever may make it.
`UPDATE_SNAPSHOTS=1 cargo test --test api policy_matrix` writes this file, and without the variable compares it with the API.

";

/// The matrix as a Markdown table, after a legend of its columns; what succeeds is bold.
pub(super) fn rendered(matrix: &Matrix) -> String {
    let legend = Kind::ALL.map(Kind::legend).map(|(name, meaning)| format!("- **{name}**: {meaning}\n"));
    let head = iter::once("operation").chain(Kind::ALL.map(|kind| kind.legend().0)).map(str::to_owned);
    let mut rows: Vec<Vec<_>> = vec![head.collect()];
    for (row, statuses) in matrix {
        let purpose = if row.purpose.is_empty() { String::new() } else { format!(", {}", row.purpose) };
        let cells = Kind::ALL.map(|kind| shown(statuses[&kind]));
        rows.push(iter::once(format!("`{}`{purpose}", row.operation())).chain(cells).collect());
    }
    let longest = |place: usize| rows.iter().map(|row| row[place].len()).max().unwrap_or_default();
    let widths: Vec<_> = (0..=Kind::ALL.len()).map(longest).collect();
    rows.insert(1, widths.iter().map(|width| "-".repeat(*width)).collect());
    let padded = rows.iter().map(|row| {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("| {} |", cells.join(" | "))
    });
    format!("{HEAD}{}\n{}\n", legend.concat(), padded.collect::<Vec<_>>().join("\n"))
}

fn shown(status: u16) -> String {
    if is_success(status) { format!("**{status}**") } else { status.to_string() }
}

/// Compares the file with what is to be in it; or writes it, where `UPDATE_SNAPSHOTS` is set.
pub(super) fn compare(made: &str) {
    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(FILE, made).unwrap();
        return;
    }
    let checked_in = fs::read_to_string(FILE).unwrap();
    let news: Vec<_> = made.lines().filter(|line| !checked_in.lines().any(|other| other == *line)).collect();
    assert!(checked_in == made, "write the table anew with UPDATE_SNAPSHOTS=1, and review it:\n{}", news.join("\n"));
}
