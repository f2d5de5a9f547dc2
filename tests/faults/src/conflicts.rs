//! What AWS's DynamoDB does and no local engine: while a transaction is in flight, its items are taken.
//!
//! A transaction that touches an item of another one in flight is cancelled with `TransactionConflict` at that item's
//! place, and so is a transaction of reads; a plain write to such an item is refused with
//! `TransactionConflictException`. Source: Amazon DynamoDB Developer Guide, "Transaction conflict handling in DynamoDB".

use crate::{Faults, Plan};

/// The pauses of every run are these.
const SEED: u64 = 4;

/// Starts a proxy that makes conflicts and no faults in front of the engine at this address, and says where it is.
///
/// # Panics
/// The proxy can't listen.
pub async fn proxy(engine: String) -> String {
    Faults::start(engine, Plan::new(0, SEED)).await.url()
}
