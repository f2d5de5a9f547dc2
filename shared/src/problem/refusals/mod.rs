//! The one place that maps an error to its answer. Where a request may call a field differently, the handler says how.

mod accounts;
mod calls;
mod customers;
mod members;
mod organizations;
mod tokens;

use domain::conditional::FailedPrecondition;

use super::{FieldCode, FieldErrors, Problem, ProblemCode};

/// An error about a value that the handler names as its request does.
pub trait OnField {
    /// The answer, where the request called the value so.
    fn on_field(self, name: &'static str) -> Problem;
}

impl From<FieldErrors> for Problem {
    fn from(errors: FieldErrors) -> Self {
        Self::fields(errors)
    }
}

fn precondition_failed(record: &str, failed: FailedPrecondition) -> Problem {
    let detail = match failed {
        FailedPrecondition::Match => format!("The {record} was changed since the version that If-Match names."),
        FailedPrecondition::NoneMatch => format!("The {record} is there in a version that If-None-Match names."),
    };
    Problem::new(ProblemCode::PreconditionFailed).detail(detail)
}

fn name_taken(field: &'static str) -> Problem {
    Problem::field(field, FieldCode::Taken.says("is taken"))
}

fn no_account() -> Problem {
    Problem::field("Email", FieldCode::AccountNotFound.says("has no account"))
}

fn email_not_verified(field: &'static str) -> Problem {
    let error = FieldCode::EmailNotVerified.says("is of an account whose e-mail address isn't proven yet");
    Problem::field(field, error)
}

#[cfg(test)]
mod tests;
