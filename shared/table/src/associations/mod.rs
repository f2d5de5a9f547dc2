//! Associations: which customer account of the ERP a user buys for, in two counted orders.

mod associate;
mod dissociate;
mod filter;
mod import;
mod import_rows;
mod list;
mod order;
pub mod page_token;
mod plan;
mod verify;

pub use associate::UserReference;
pub use filter::{AssociationFilter, Field, Operator};
pub use import::bulk_items as bulk_association_items;
pub use import_rows::AssociationRow;
pub use list::{AssociationPage, ListQuery, PageStart};
pub use order::AssociationOrder;
pub use plan::ranges as filter_ranges;
