use std::collections::BTreeMap;

use crate::linearize::Model;

/// The price tiers of an organization, and the customers on them.
pub(crate) struct Tiers;

/// Tiers by name with their currencies, and customers by number with the names of their tiers. A rename renames both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Board {
    pub(crate) tiers: BTreeMap<String, String>,
    pub(crate) customers: BTreeMap<String, String>,
}

/// A call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TierCall {
    Add {
        name: String,
        currency: String,
    },
    Change {
        name: String,
        to: String,
        currency: String,
    },
    /// A change of what is sent alone.
    Patch {
        name: String,
        to: Option<String>,
        currency: Option<String>,
    },
    Remove {
        name: String,
    },
    /// A row of a list. What isn't in it says nothing: see `Exception::ListIsNoSnapshot`.
    IsListed {
        name: String,
    },
    Put {
        customer: String,
        tier: String,
    },
    UpdateCustomer {
        customer: String,
        tier: String,
    },
    /// A customer as the API answers it, or as a token has it.
    Read {
        customer: String,
    },
    RemoveCustomer {
        customer: String,
    },
}

/// What was answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TierOutcome {
    Done,
    NoTier,
    NameTaken,
    InUse(usize),
    NoCustomer,
    /// A tier's currency, or a customer's tier and currency.
    Currency(String),
    Tier(String, String),
}

impl Board {
    fn change(&self, name: &str, to: &str, currency: &str) -> (Self, TierOutcome) {
        if !self.tiers.contains_key(name) {
            return (self.clone(), TierOutcome::NoTier);
        }
        if to != name && self.tiers.contains_key(to) {
            return (self.clone(), TierOutcome::NameTaken);
        }
        let mut after = self.clone();
        after.tiers.remove(name);
        after.tiers.insert(to.to_owned(), currency.to_owned());
        for tier in after.customers.values_mut().filter(|tier| *tier == name) {
            to.clone_into(tier);
        }
        (after, TierOutcome::Done)
    }

    fn put(&self, customer: &str, tier: &str) -> (Self, TierOutcome) {
        let Some(currency) = self.tiers.get(tier) else { return (self.clone(), TierOutcome::NoTier) };
        let mut after = self.clone();
        after.customers.insert(customer.to_owned(), tier.to_owned());
        (after, TierOutcome::Tier(tier.to_owned(), currency.clone()))
    }
}

impl Model for Tiers {
    type State = Board;
    type Input = TierCall;
    type Output = TierOutcome;
    const NAME: &'static str = "tiers with customers";

    fn step(board: &Board, input: &TierCall, output: Option<&TierOutcome>) -> Option<Board> {
        let same = |outcome| (board.clone(), outcome);
        let (after, said) = match input {
            TierCall::Add { name, .. } if board.tiers.contains_key(name) => same(TierOutcome::NameTaken),
            TierCall::Add { name, currency } => {
                let mut after = board.clone();
                after.tiers.insert(name.clone(), currency.clone());
                (after, TierOutcome::Done)
            }
            TierCall::Change { name, to, currency } => board.change(name, to, currency),
            TierCall::Patch { name, to, currency } => {
                let to = to.as_ref().unwrap_or(name);
                let currency = currency.as_ref().or_else(|| board.tiers.get(name)).cloned().unwrap_or_default();
                let (after, said) = board.change(name, to, &currency);
                (after, if said == TierOutcome::Done { TierOutcome::Tier(to.clone(), currency) } else { said })
            }
            TierCall::Remove { name } if !board.tiers.contains_key(name) => same(TierOutcome::NoTier),
            TierCall::Remove { name } => match board.customers.values().filter(|tier| *tier == name).count() {
                0 => {
                    let mut after = board.clone();
                    after.tiers.remove(name);
                    (after, TierOutcome::Done)
                }
                customers => same(TierOutcome::InUse(customers)),
            },
            TierCall::IsListed { name } => match board.tiers.get(name) {
                Some(currency) => same(TierOutcome::Currency(currency.clone())),
                None => same(TierOutcome::NoTier),
            },
            TierCall::UpdateCustomer { customer, .. }
            | TierCall::Read { customer }
            | TierCall::RemoveCustomer { customer }
                if !board.customers.contains_key(customer) =>
            {
                same(TierOutcome::NoCustomer)
            }
            TierCall::Put { customer, tier } | TierCall::UpdateCustomer { customer, tier } => board.put(customer, tier),
            TierCall::Read { customer } => {
                let tier = board.customers.get(customer).cloned().unwrap_or_default();
                let currency = board.tiers.get(&tier).cloned().unwrap_or_default();
                same(TierOutcome::Tier(tier, currency))
            }
            TierCall::RemoveCustomer { customer } => {
                let mut after = board.clone();
                after.customers.remove(customer);
                (after, TierOutcome::Done)
            }
        };
        output.is_none_or(|output| *output == said).then_some(after)
    }

    fn changes_nothing(input: &TierCall, output: &TierOutcome) -> bool {
        match output {
            TierOutcome::Done => false,
            TierOutcome::Tier(..) => matches!(input, TierCall::Read { .. }),
            _ => true,
        }
    }
}
