//! What calls do to one object each, in order.

mod admins;
mod names;
mod register;
mod tiers;

pub(crate) use admins::{AdminCall, AdminOutcome, Admins};
pub(crate) use names::{NameCall, NameOutcome, Names, Owners};
pub(crate) use register::{Association, AssociationCall, AssociationOutcome, OneUse, OneUseCall};
pub(crate) use tiers::{Board, TierCall, TierOutcome, Tiers};
