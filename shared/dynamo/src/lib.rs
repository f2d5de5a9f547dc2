//! One `DynamoDB` table with the string keys `pk` and `sk`: strongly consistent reads, conditional writes, transactions
//! whose failed conditions have names, and the cost of each call.
//!
//! *Invariant:* this crate knows no entity. The caller defines keys, records and the meaning of a failed condition.

pub mod aws;
mod backoff;
mod client;
mod error;
mod expression;
mod iam_trace;
mod item;
mod key;
mod read;
mod request;
mod transaction;
mod usage;
mod window;
mod write;

use std::sync::Arc;

use aws_sdk_dynamodb::Client;

pub use backoff::Backoff;
pub use error::Error;
pub use expression::{Expression, bool_value, number, text, text_set};
pub use item::{Item, absent_or_expired, from_item, is_live, rfc3339, to_item};
pub use key::Key;
pub use read::SortKeys;
pub use request::{Costs, RequestContext, after_request, request_id};
pub use transaction::{Refused, Transaction};
pub use usage::Meter;
pub use window::{Counted, Limit, Window};
pub use write::Updated;

/// A table.
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    name: Arc<str>,
}

impl Table {
    /// Creates the table called `name`, reached by `client`, which should come from [`Table::client_config`].
    #[must_use]
    pub fn new(client: Client, name: &str) -> Self {
        Self { client, name: name.into() }
    }
}
