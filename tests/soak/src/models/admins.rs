use crate::linearize::Model;

/// The admins of an organization, of a few users: a bit each.
pub(crate) struct Admins;

/// A call by a user, by the user's number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AdminCall {
    Promote {
        by: usize,
        user: usize,
    },
    Demote {
        by: usize,
        user: usize,
    },
    /// The user leaves the organization.
    Leave {
        user: usize,
    },
    /// Any call that needs the role.
    Act {
        by: usize,
    },
    /// One user's row of a list, or its absence.
    IsListed {
        user: usize,
    },
}

/// What was answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AdminOutcome {
    Done,
    CallerIsNoAdmin,
    UserIsNoAdmin,
    LastAdmin,
    Listed(bool),
}

impl Model for Admins {
    type State = u8;
    type Input = AdminCall;
    type Output = AdminOutcome;
    const NAME: &'static str = "admins of an organization";

    fn step(state: &u8, input: &AdminCall, output: Option<&AdminOutcome>) -> Option<u8> {
        let is_admin = |user: &usize| state & (1 << user) != 0;
        let last = state.is_power_of_two();
        let (after, said) = match input {
            AdminCall::Promote { by, .. } | AdminCall::Demote { by, .. } | AdminCall::Act { by } if !is_admin(by) => {
                (*state, AdminOutcome::CallerIsNoAdmin)
            }
            AdminCall::Promote { user, .. } => (state | (1 << user), AdminOutcome::Done),
            AdminCall::Act { .. } => (*state, AdminOutcome::Done),
            AdminCall::Demote { user, .. } | AdminCall::Leave { user } if !is_admin(user) => {
                (*state, AdminOutcome::UserIsNoAdmin)
            }
            AdminCall::Demote { .. } | AdminCall::Leave { .. } if last => (*state, AdminOutcome::LastAdmin),
            AdminCall::Demote { user, .. } | AdminCall::Leave { user } => (state & !(1 << user), AdminOutcome::Done),
            AdminCall::IsListed { user } => (*state, AdminOutcome::Listed(is_admin(user))),
        };
        output.is_none_or(|output| *output == said).then_some(after)
    }

    fn changes_nothing(input: &AdminCall, output: &AdminOutcome) -> bool {
        *output != AdminOutcome::Done || matches!(input, AdminCall::Act { .. })
    }
}
