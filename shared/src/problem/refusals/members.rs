//! The people of an organization: inviting, promoting and removing them, and leaving it.

use table::{AcceptError, AdminError, InvitationError, LeaveError, RemovalError};

use super::{email_not_verified, no_account};
use crate::problem::{FieldCode, Problem, ProblemCode};

impl From<InvitationError> for Problem {
    fn from(error: InvitationError) -> Self {
        match error {
            InvitationError::AlreadyMember => {
                Self::field("Email", FieldCode::AlreadyMember.says("belongs to the organization already"))
            }
            InvitationError::NotFound => {
                Self::new(ProblemCode::InvitationNotFound).detail("This organization has no such invitation.")
            }
            InvitationError::Closed => {
                Self::new(ProblemCode::InvitationClosed).detail("The invitation was accepted or withdrawn before.")
            }
            InvitationError::MailedLately(seconds) => {
                let detail = "The invitation was mailed within the hour; try again later.";
                Self::too_many(ProblemCode::RateLimited, seconds, detail)
            }
            InvitationError::TooManyMails(seconds) => {
                let detail = "Your organization has mailed this mailbox often enough for now; try again later.";
                Self::too_many(ProblemCode::RateLimited, seconds, detail)
            }
            InvitationError::Table(error) => error.into(),
        }
    }
}

impl From<AcceptError> for Problem {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::AccountNeeded => Self::field("Password", FieldCode::Required.says("is required")),
            AcceptError::PlanLimit(reached) => reached.into(),
            AcceptError::Link(error) => error.into(),
        }
    }
}

impl From<LeaveError> for Problem {
    fn from(error: LeaveError) -> Self {
        match error {
            LeaveError::NotAMember => {
                Self::new(ProblemCode::NotAMember).detail("You have no role in this organization.")
            }
            LeaveError::LastAdmin => {
                let error = FieldCode::LastAdmin.says("is of an organization whose last admin you are");
                Self::field("IdentityOrganizationId", error)
            }
            LeaveError::Table(error) => error.into(),
        }
    }
}

impl From<AdminError> for Problem {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::NoAccount => no_account(),
            AdminError::EmailNotVerified => email_not_verified("Email"),
            AdminError::NotAnAdmin => {
                let error = FieldCode::NotAnAdmin.says("is not an admin of this organization");
                Self::field("UserId", error)
            }
            AdminError::LastAdmin => {
                let error = FieldCode::LastAdmin.says("is the last admin of this organization");
                Self::field("UserId", error)
            }
            AdminError::PlanLimit(reached) => reached.into(),
            AdminError::Table(error) => error.into(),
        }
    }
}

impl From<RemovalError> for Problem {
    fn from(error: RemovalError) -> Self {
        match error {
            RemovalError::NotAUser => {
                let error = FieldCode::UserNotFound.says("is no user of this organization");
                Self::field("UserId", error)
            }
            RemovalError::LastAdmin => AdminError::LastAdmin.into(),
            RemovalError::Table(error) => error.into(),
        }
    }
}
