//! What goes wrong between a client and DynamoDB, for tests.
#![expect(clippy::unwrap_used, reason = "a part of tests, which fail by panicking")]

pub mod conflicts;
pub mod connection;
mod engine;
pub mod gate;
mod half_seen;
mod items;
mod plan;
mod proxy;
mod refusals;
mod sabotage;
mod short_answers;
pub mod trouble;

pub use engine::{Answer, Call, Engine};
pub use plan::{FaultKind, Plan};
pub use proxy::{Faults, Pause};
pub use sabotage::{Sabotage, Saboteur};
