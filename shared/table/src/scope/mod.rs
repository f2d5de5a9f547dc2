//! Controls which caller reaches which items. Only this module sees the engine and builds keys.
//!
//! - [`Table`] reaches what belongs to no single organization: accounts, mails, signing keys.
//! - [`OrganizationScope`] reaches one organization's items for a caller who claims its admin role. It has two doors:
//!   `checked` runs reads beside the live role check and hands out what they read only where the role holds, and
//!   `write` begins a transaction with the conditions that the organization exists and the role holds.
//! - A caller that acts by another authority than an admin's names it: [`Authority`].
//!
//! *Invariant:* an organization's items are reached through one of these three. The fields and constructors that would
//! lead past them are private to this module.

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
pub use keys::MAIL_PREFIX;
pub use organization::OrganizationScope;
pub(crate) use reads::Reads;
pub use table::Table;
pub(crate) use write::{Checked, Committed, Refusals, Write};
