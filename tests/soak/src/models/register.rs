use crate::linearize::Model;

/// Which customer a user buys for in an organization, as one of its items has it.
pub(crate) struct Association;

/// A call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AssociationCall {
    Associate(String),
    Dissociate,
    Read,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AssociationOutcome {
    Done,
    NotAssociated,
    Customer(Option<String>),
}

impl Model for Association {
    type State = Option<String>;
    type Input = AssociationCall;
    type Output = AssociationOutcome;
    const NAME: &'static str = "association of a user";

    fn step(
        state: &Option<String>,
        input: &AssociationCall,
        output: Option<&AssociationOutcome>,
    ) -> Option<Option<String>> {
        let (after, said) = match input {
            AssociationCall::Associate(customer) => (Some(customer.clone()), AssociationOutcome::Done),
            AssociationCall::Dissociate if state.is_none() => (None, AssociationOutcome::NotAssociated),
            AssociationCall::Dissociate => (None, AssociationOutcome::Done),
            AssociationCall::Read => (state.clone(), AssociationOutcome::Customer(state.clone())),
        };
        output.is_none_or(|output| *output == said).then_some(after)
    }

    fn changes_nothing(_: &AssociationCall, output: &AssociationOutcome) -> bool {
        *output != AssociationOutcome::Done
    }
}

/// Something that is there until it is used or revoked: the links of an address, or a machine's credential.
pub(crate) struct OneUse;

/// A call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum OneUseCall {
    /// Uses it up.
    End,
    /// Asks for it, and leaves it.
    Ask,
}

impl Model for OneUse {
    /// Whether it is still there.
    type State = bool;
    type Input = OneUseCall;
    /// Whether it was there.
    type Output = bool;
    const NAME: &'static str = "links and credentials";

    fn step(state: &bool, input: &OneUseCall, output: Option<&bool>) -> Option<bool> {
        let after = *state && *input == OneUseCall::Ask;
        output.is_none_or(|output| output == state).then_some(after)
    }

    fn changes_nothing(input: &OneUseCall, was_there: &bool) -> bool {
        *input == OneUseCall::Ask || !was_there
    }
}
