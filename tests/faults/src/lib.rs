//! What goes wrong between a client and DynamoDB, for tests.
#![expect(clippy::unwrap_used, reason = "a part of tests, which fail by panicking")]

pub mod conflicts;
pub mod connection;
pub mod gate;
pub mod trouble;
