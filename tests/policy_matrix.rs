//! The policy matrix: each operation of the document by each kind of caller, in a table that a person reviews.

mod callers;
mod company;
mod document;
mod requests;
mod snapshot;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};

use self::{
    callers::Kind,
    company::Company,
    document::Operation,
    requests::{INVITATION, Request, Row, last_requests, requests},
};

/// What each kind of caller is answered, by row.
type Matrix = BTreeMap<Row, BTreeMap<Kind, u16>>;

/// Companies that are asked side by side.
const MAX_COLUMNS_AT_ONCE: usize = 12;

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// What a caller of this kind is answered by a company of his own: to the `last` request that he can make, or to all
/// others.
async fn cells(kind: Kind, last: Option<Request>) -> Vec<(Row, Kind, u16)> {
    let company = Company::found(kind.requires_proof()).await;
    if kind == Kind::Orphan {
        company.will_end().await;
    }
    company.equip().await;
    let requests = match last {
        Some(request) => vec![request],
        None => requests(&company).await,
    };
    let credential = kind.caller(&company).await;
    if kind == Kind::Orphan {
        company.delete().await;
    }
    let changes_nothing = kind.is_an_outsider() && !requests.iter().any(Request::leaves);
    let before = if changes_nothing { company.seen().await } else { Vec::new() };
    let mut cells = Vec::new();
    for request in &requests {
        let answer = request.send(&company, &credential).await;
        let is_told = kind == Kind::OtherAdmin && answer.text.contains(&company.id);
        assert!(!is_told, "another organization is told of: {answer:?}");
        cells.push((request.row, kind, answer.status));
    }
    if changes_nothing {
        assert_eq!(company.seen().await, before, "{kind:?} changed something");
    }
    cells
}

async fn matrix() -> Matrix {
    let mut columns = Vec::new();
    for kind in Kind::ALL {
        columns.push(cells(kind, None));
        columns.extend(last_requests().into_iter().map(|request| cells(kind, Some(request))));
    }
    let mut matrix = Matrix::new();
    // All of them at once would keep the table so busy that calls of other tests are given up.
    let columns: Vec<_> = stream::iter(columns).buffer_unordered(MAX_COLUMNS_AT_ONCE).collect().await;
    for (row, kind, status) in columns.into_iter().flatten() {
        let other = matrix.entry(row).or_default().insert(kind, status);
        assert_eq!(other, None, "{row:?} is there twice");
    }
    matrix
}

/// That the document is right about who gets in, and about the statuses.
fn assert_as_documented(operation: &Operation, rows: &Matrix) {
    let gets_in = |kind: Kind| rows.values().any(|statuses| is_success(statuses[&kind]));
    assert_eq!(gets_in(Kind::Nobody), operation.is_open(), "without anything: {rows:?}");
    assert_eq!(gets_in(Kind::MachineKey), operation.is_open() || operation.takes("key"), "by a key: {rows:?}");
    let by_token = gets_in(Kind::User) || gets_in(Kind::Admin);
    assert_eq!(by_token, operation.is_open() || operation.takes("bearer"), "by a token: {rows:?}");
    for (kind, scheme) in [(Kind::Operator, "operator"), (Kind::Stripe, "stripe")] {
        assert_eq!(gets_in(kind), operation.is_open() || operation.takes(scheme), "by {kind:?}: {rows:?}");
    }
    for (row, statuses) in rows {
        assert!(statuses.values().any(|status| is_success(*status)), "a request that succeeds for nobody: {row:?}");
        for (kind, status) in statuses {
            assert!(operation.names_answer(*status), "{row:?} answers {kind:?} {status}, which isn't documented");
        }
    }
}

/// That nobody gets in who may not, whatever the table says.
fn assert_closed(operation: &Operation, row: Row, statuses: &BTreeMap<Kind, u16>) {
    let is_open = operation.is_open() && row.purpose != INVITATION;
    let is_for_admins = operation.is_for_admins() || row.purpose == INVITATION;
    for kind in statuses.iter().filter(|(_, status)| is_success(**status)).map(|(kind, _)| *kind) {
        assert!(is_open || !kind.is_unidentified(), "{row:?} lets {kind:?} in");
        let is_admin = kind.is_admin() || kind.is_machine() && operation.takes("key");
        assert!(!is_for_admins || is_admin, "{row:?} lets {kind:?} in");
    }
    if is_for_admins {
        assert!(is_success(statuses[&Kind::Admin]), "{row:?} keeps an admin out");
        assert_eq!(statuses[&Kind::Demoted], 403, "{row:?} of a demoted admin");
    }
}

#[tokio::test]
async fn every_operation_answers_each_kind_of_caller_as_the_checked_in_table_says() {
    let (matrix, operations) = (matrix().await, document::operations());
    let requested: BTreeSet<_> = matrix.keys().map(|row| row.operation()).collect();
    assert!(requested.iter().eq(operations.keys()), "a row each: {requested:#?}");
    for (name, operation) in &operations {
        let mut rows = matrix.clone();
        rows.retain(|row, _| row.operation() == *name);
        assert_as_documented(operation, &rows);
        for (row, statuses) in rows {
            assert_eq!(statuses.len(), Kind::ALL.len());
            assert_closed(operation, row, &statuses);
        }
    }
    snapshot::compare(&matrix);
}
