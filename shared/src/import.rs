//! The answer to an import: what came of each row.

use std::{borrow::Cow, iter::repeat_with};

use serde::Serialize;
use table::RowOutcome;
use utoipa::ToSchema;

use crate::{
    problem::{FieldCode, Named, Problem},
    request::Rows,
};

/// What came of the rows of an import.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Import)]
pub struct ImportResponse {
    /// How many rows there are.
    #[schema(maximum = 1000)]
    rows: u64,
    /// How many of them were written.
    #[schema(maximum = 1000)]
    written: u64,
    /// How many say what was so already.
    #[schema(maximum = 1000)]
    unchanged: u64,
    /// The others, in their order.
    #[schema(max_items = 1000)]
    rejected: Vec<RejectedRow>,
}

/// A row that wasn't written.
#[derive(Debug, Serialize, ToSchema)]
pub struct RejectedRow {
    /// The row's number, from 1; a header line isn't counted.
    #[serde(rename = "Row")]
    #[schema(minimum = 1, maximum = 1000)]
    row: u64,
    /// Every bad field of the row, with sentences for a person. `Row` stands for the row as a whole.
    #[schema(value_type = BTreeMap<String, Vec<String>>)]
    errors: Named<Cow<'static, str>>,
    /// The keys of `errors`, with a word for a program in the place of each sentence.
    #[schema(value_type = BTreeMap<String, Vec<FieldCode>>)]
    codes: Named<FieldCode>,
}

/// The rows of an import that can be read, and what is known of the others.
pub struct Import<T> {
    /// The rows that can be read.
    pub rows: Vec<T>,
    /// What is wrong with each of the others; nothing in the place of one that can be read.
    problems: Vec<Option<Problem>>,
}

impl<T> From<Rows<T>> for Import<T> {
    fn from(Rows(read): Rows<T>) -> Self {
        let (mut rows, mut problems) = (Vec::new(), Vec::new());
        for row in read {
            match row {
                Ok(row) => {
                    rows.push(row);
                    problems.push(None);
                }
                Err(errors) => problems.push(Some(Problem::fields(errors))),
            }
        }
        Self { rows, problems }
    }
}

impl ImportResponse {
    /// Makes the answer of what was wrong with rows that couldn't be read, and of what came of the others, in their
    /// order.
    pub fn new<T>(import: Import<T>, outcomes: impl IntoIterator<Item = RowOutcome<Problem>>) -> Self {
        let mut answer = Self::default();
        let mut outcomes = outcomes.into_iter().chain(repeat_with(|| RowOutcome::NotAttempted));
        for (row, problem) in (1..).zip(import.problems) {
            answer.rows += 1;
            let outcome = problem.map(RowOutcome::Refused).or_else(|| outcomes.next());
            let problem = match outcome {
                Some(RowOutcome::Written) => {
                    answer.written += 1;
                    continue;
                }
                Some(RowOutcome::Unchanged) => {
                    answer.unchanged += 1;
                    continue;
                }
                Some(RowOutcome::Refused(problem)) => problem,
                Some(RowOutcome::NotAttempted) | None => {
                    Problem::field("Row", FieldCode::NotAttempted.says("was not done in time; send it again"))
                }
            };
            let (errors, codes) = problem.into_fields();
            answer.rejected.push(RejectedRow { row, errors, codes });
        }
        answer
    }
}
