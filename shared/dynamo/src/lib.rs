//! One `DynamoDB` table with string keys `pk` and `sk`, read strongly consistent: items, conditions, transactions whose
//! refusals have names, and what each call costs.
//!
//! *Invariant:* this crate knows no entity. Keys, records and what a refusal means are the caller's.

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
pub use expression::{Expression, bool_value, number, text};
pub use item::{Item, from_item, is_live, rfc3339, to_item};
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
    /// The table called `name`, reached by `client`, which should come from [`Table::client_config`].
    #[must_use]
    pub fn new(client: Client, name: &str) -> Self {
        Self { client, name: name.into() }
    }
}
