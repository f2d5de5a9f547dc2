//! Associations: which customer account of the ERP a user buys for, in two counted orders.

mod associate;
mod dissociate;
mod import;
mod import_rows;
mod list;
mod order;
mod repair;

pub use associate::UserReference;
pub use import::bulk_items as bulk_association_items;
pub use import_rows::AssociationRow;
pub use list::{AssociationField, Associations};
pub use order::AssociationOrder;
