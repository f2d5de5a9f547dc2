//! What can be imported and exported.

use clap::ValueEnum;
use shared::problem::{FieldErrors, Problem};

/// What the rows of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Which customer each user buys for.
    Associations,
    /// Customers.
    Customers,
}

impl Kind {
    /// The kind's name, as a command line has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Associations => "associations",
            Self::Customers => "customers",
        }
    }

    /// The path of the list. An import has another segment.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Associations => "/api/organizations/users/associations",
            Self::Customers => "/api/customers",
        }
    }

    /// The columns of an export, which an import takes.
    pub(crate) fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Associations => &["UserId", "CustomerNumber"],
            Self::Customers => &["CustomerNumber", "CompanyName", "Pricing", "CurrencyCode", "Active"],
        }
    }

    /// Reads a file as the API does. Returns what is wrong with each row, or nothing.
    ///
    /// # Errors
    /// What is wrong with the file as a whole.
    pub(crate) fn check(self, file: &[u8]) -> Result<Vec<Option<FieldErrors>>, Problem> {
        match self {
            Self::Associations => associations::check_import(file),
            Self::Customers => customers::check_import(file),
        }
    }
}
