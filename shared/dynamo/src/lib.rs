//! One `DynamoDB` table with the string keys `pk` and `sk`: strongly consistent reads, conditional writes, transactions
//! whose failed conditions have names, and the cost of each call.
//!
//! *Invariant:* this crate knows no entity. The caller defines keys, records and the meaning of a failed condition.

pub mod aws;
mod backoff;
mod client;
mod commit;
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

use aws_sdk_dynamodb::{Client, config::retry::RetryConfig};

pub use backoff::Backoff;
pub use error::Error;
pub use expression::{Expression, bool_value, number, text, text_set};
pub use item::{Item, absent_or_expired, from_item, is_live, rfc3339, seconds_of, to_item};
pub use key::Key;
pub use read::SortKeys;
pub use request::{Costs, RequestContext, after_request, may_have_changed, request_id, time_left};
pub use transaction::{Refused, Transaction};
pub use usage::Meter;
pub use window::{Counted, Limit, Window};
pub use write::Updated;

/// A table.
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    /// Sends each call once, on the connections of `client`. A transaction has to know what came of each attempt.
    one_attempt: Client,
    name: Arc<str>,
}

impl Table {
    /// Creates the table called `name`, reached by `client`, which should come from [`Table::client_config`].
    #[must_use]
    pub fn new(client: Client, name: &str) -> Self {
        let once = client.config().to_builder().retry_config(RetryConfig::disabled()).build();
        Self { client, one_attempt: Client::from_conf(once), name: name.into() }
    }
}
