//! Lists of an organization's records: paged, sorted and filtered, with exact totals. An entity says its fields, its
//! two orders, and which fields narrow them; everything else is here, once for all lists.

mod entity;
mod filter;
pub mod page_token;
mod plan;
mod read;

pub(crate) use entity::Joined;
pub use entity::{KeyForm, Listed, Named, Values};
pub use filter::{ListFilter, Operator};
pub use plan::filter_ranges;
pub use read::{ListPage, ListQuery, PageStart};
