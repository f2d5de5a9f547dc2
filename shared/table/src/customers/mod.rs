//! Customers: the commerce context that a token carries, in two counted orders.
//!
//! The order by number is where a customer is found, and the order by company name is a second sorting. Each entry
//! holds the whole record, so that a page of either takes no second read. A write changes both entries in one
//! transaction. The counts of the orders change only where a customer is made or removed, or where its company's name
//! moves it.
//!
//! Tables from before have customers that no order holds: see [`earlier_form`].

mod customer;
mod earlier_form;
mod entries;
mod find;
mod import_rows;
mod list;
mod order;
mod patch;
mod put;
mod remove;
mod view;
mod with_tier;
mod write;

pub use customer::{Customer, CustomerChange, CustomerPatch, MemberCustomer};
pub use earlier_form::BroughtOverCustomers;
pub use list::{CustomerField, Customers};
pub use order::CustomerOrder;
