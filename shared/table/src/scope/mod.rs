//! Controls which caller reaches which items. Only this module sees the engine and builds keys.
//!
//! - [`Table`] reaches what belongs to no single organization: accounts, mails, signing keys.
//! - [`OrganizationScope`] reaches one organization's items for a caller who claims its admin role. There are two ways
//!   in: `checked` runs reads concurrently with the live role check, and returns their results only if the role holds.
//!   `write` begins a transaction with the conditions that the organization exists and the role holds.
//! - Code that acts by an authority other than an admin's role names it: [`Authority`].
//!
//! *Invariant:* an organization's items are reached only through one of these three. The fields and constructors that
//! would lead past them are private to this module.

mod authority;
mod key;
pub(crate) mod keys;
mod organization;
mod reads;
mod role;
mod table;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use authority::Authority;
pub(crate) use key::{Key, OrganizationKey, OrganizationPartition, PartOf, Partition, Record};
pub use keys::QUEUE_PREFIX;
pub use organization::OrganizationScope;
pub(crate) use organization::RoleHeld;
pub(crate) use reads::Reads;
pub(crate) use role::session_goes_on;
pub use table::Table;
pub(crate) use write::{Committed, Refusals, Write, WriteKey, WriteScope};
