//! Who belongs to an organization, or is invited into it: a row for each person, in two counted orders.
//!
//! Whatever gives or takes a role, a customer or an invitation changes the row in its own transaction. This is the one
//! room that does so: [`SeenMember`] is what was read of a person, and [`SeenMember::change`] makes the row be another.
//!
//! Both items of a row hold the same, with a *revision* that each write replaces and asks for. So a row is changed as
//! it was read, or not at all. There is one row for a user id, and one for an address.
//!
//! **Tables from before the index** have organizations without it. What is known of one is in three states:
//!
//! | state | seen by | writers | the list |
//! |---|---|---|---|
//! | absent | the orders have no first bucket | write no row, on condition that there still is none | 503 |
//! | building | buckets, and no `members_indexed` in `#ORG` | write rows, made of the roles where one is missing | 503 |
//! | built | `members_indexed` | write rows; where one is missing, there is no role | answers |
//!
//! `members_indexed` is never taken back, so whoever has seen it may rely on it, whenever the buckets were read.

mod build;
mod change;
mod earlier;
mod end;
mod list;
mod order;
mod remove;
mod repair;
mod seen;

pub use build::IndexedMembers;
pub(crate) use change::RowChange;
pub(crate) use earlier::Before;
pub(crate) use end::UserInOrganization;
pub use list::{ListedMember, MemberField, Members};
pub use order::MemberOrder;
pub(crate) use remove::one_admin_less;
pub(crate) use seen::SeenMember;
