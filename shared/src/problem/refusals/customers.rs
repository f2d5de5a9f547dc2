//! Customers, their price tiers, and the users that buy for them.

use table::{AssociationError, CustomerError, PriceTierError};

use super::{OnField, email_not_verified, name_taken, no_account, precondition_failed};
use crate::problem::{FieldCode, Problem, ProblemCode};

impl OnField for PriceTierError {
    fn on_field(self, name: &'static str) -> Problem {
        match self {
            Self::NotFound => no_price_tier(name),
            Self::NameTaken => name_taken(name),
            Self::LimitReached => {
                let error = FieldCode::PriceTierLimit.says("can't be added: there are 100 price tiers already");
                Problem::field(name, error)
            }
            Self::InUse(customers) => {
                let on_it = if customers == 1 { "customer is" } else { "customers are" };
                let error = FieldCode::PriceTierInUse.says(format!("can't be removed: {customers} {on_it} on it"));
                Problem::field(name, error)
            }
            Self::PlanLimit(reached) => reached.into(),
            Self::Table(error) => error.into(),
        }
    }
}

impl From<CustomerError> for Problem {
    fn from(error: CustomerError) -> Self {
        match error {
            CustomerError::Precondition(failed) => precondition_failed("customer", failed),
            CustomerError::NotFound => {
                Self::new(ProblemCode::CustomerNotFound).detail("This organization has no such customer.")
            }
            CustomerError::NoPriceTier => no_price_tier("Pricing"),
            CustomerError::Table(error) => error.into(),
        }
    }
}

impl From<AssociationError> for Problem {
    /// An account is named by `UserId` or by `Email`: a handler that takes both says which was sent.
    fn from(error: AssociationError) -> Self {
        error.on_field("UserId")
    }
}

impl OnField for AssociationError {
    fn on_field(self, name: &'static str) -> Problem {
        match self {
            Self::NoUser => {
                let error = FieldCode::AccountNotFound.says("is no account's id");
                Problem::field("UserId", error)
            }
            Self::NoAccount => no_account(),
            Self::EmailNotVerified => email_not_verified(name),
            Self::NotAssociated => {
                let error = FieldCode::NotAssociated.says("has no customer in this organization");
                Problem::field("UserId", error)
            }
            Self::Table(error) => error.into(),
        }
    }
}

fn no_price_tier(field: &'static str) -> Problem {
    let error = FieldCode::PriceTierNotFound.says("is no price tier of this organization");
    Problem::field(field, error)
}
