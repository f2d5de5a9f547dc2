use crate::linearize::Model;

/// Names that two organizations, the twins, take and leave, and that others take for good.
pub(crate) struct Names;

/// Who has which name: each twin one of the names or its own, and strangers some.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Owners {
    pub(crate) twins: [Option<usize>; 2],
    pub(crate) strangers: u8,
}

/// A call. A twin's name is `None` where it is the one that it was founded with, which nobody else wants.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NameCall {
    Rename {
        twin: usize,
        to: Option<usize>,
    },
    Read {
        twin: usize,
    },
    /// Somebody founds an organization of this name.
    Found {
        name: usize,
    },
}

/// What was answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NameOutcome {
    Done,
    Taken,
    Name(Option<usize>),
}

impl Model for Names {
    type State = Owners;
    type Input = NameCall;
    type Output = NameOutcome;
    const NAME: &'static str = "names of organizations";

    fn step(state: &Owners, input: &NameCall, output: Option<&NameOutcome>) -> Option<Owners> {
        let by_stranger = |name: usize| state.strangers & (1 << name) != 0;
        let mut after = state.clone();
        let said = match input {
            NameCall::Rename { twin, to: Some(name) } if by_stranger(*name) || state.twins[1 - twin] == Some(*name) => {
                NameOutcome::Taken
            }
            NameCall::Rename { twin, to } => {
                after.twins[*twin] = *to;
                NameOutcome::Done
            }
            NameCall::Read { twin } => NameOutcome::Name(state.twins[*twin]),
            NameCall::Found { name } if by_stranger(*name) || state.twins.contains(&Some(*name)) => NameOutcome::Taken,
            NameCall::Found { name } => {
                after.strangers |= 1 << name;
                NameOutcome::Done
            }
        };
        output.is_none_or(|output| *output == said).then_some(after)
    }

    fn changes_nothing(_: &NameCall, output: &NameOutcome) -> bool {
        *output != NameOutcome::Done
    }
}
