//! Organizations: their settings, plans and machine credentials.

use plans::PlanLimit;
use table::{MachineError, PlanLimitReached, SettingsError, SubscriptionError};

use super::{name_taken, precondition_failed};
use crate::problem::{FieldCode, Problem, ProblemCode};

impl From<PlanLimitReached> for Problem {
    fn from(PlanLimitReached { limit, allowed }: PlanLimitReached) -> Self {
        let of_what = match limit {
            PlanLimit::Admins => "admins",
            PlanLimit::ApiKeys => "API keys",
            PlanLimit::PriceTiers => "price tiers",
        };
        let problem = Self::new(ProblemCode::PlanLimitReached)
            .detail(format!("The organization's plan allows {allowed} {of_what}, and they are all taken."));
        Self { entitlement: Some(limit), limit: Some(allowed), ..problem }
    }
}

impl From<SubscriptionError> for Problem {
    fn from(error: SubscriptionError) -> Self {
        match error {
            SubscriptionError::OrganizationNotFound => {
                Self::new(ProblemCode::UnknownOrganization).detail("No organization has this id.")
            }
            SubscriptionError::NotFound => {
                Self::new(ProblemCode::SubscriptionNotFound).detail("This organization has no such subscription.")
            }
            SubscriptionError::Table(error) => error.into(),
        }
    }
}

impl From<SettingsError> for Problem {
    fn from(error: SettingsError) -> Self {
        match error {
            SettingsError::Precondition(failed) => precondition_failed("organization", failed),
            SettingsError::NotAccepted(_) => {
                Self::new(ProblemCode::ValidationFailed).detail("A field that can't be changed has another value.")
            }
            SettingsError::NameTaken => name_taken("Name"),
            SettingsError::Table(error) => error.into(),
        }
    }
}

impl From<MachineError> for Problem {
    fn from(error: MachineError) -> Self {
        match error {
            MachineError::NotFound => {
                let error = FieldCode::CredentialNotFound.says("is no machine credential of this organization");
                Self::field("ClientId", error)
            }
            MachineError::PlanLimit(reached) => reached.into(),
            MachineError::Table(error) => error.into(),
        }
    }
}
